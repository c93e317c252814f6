package firestore

import (
	"strings"
	"time"

	pb "cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The limits of documents are from firebase.google.com/docs/firestore/quotas.
const (
	maxDocumentBytes = 1 << 20
	maxNesting       = 20 // of maps and arrays
)

// normalize rejects fields that Firestore does not store, and rounds times down to
// the microsecond, in place.
func normalize(doc fields) error { return normalizeMap(doc, 0) }

func normalizeMap(m fields, depth int) error {
	if depth > maxNesting {
		return invalid("Property contains maps and arrays nested deeper than %d.", maxNesting)
	}
	for name, v := range m {
		if err := checkFieldID(name); err != nil {
			return err
		}
		if err := normalizeValue(v, depth, false); err != nil {
			return err
		}
	}
	return nil
}

func normalizeValue(v *pb.Value, depth int, inArray bool) error {
	switch t := v.GetValueType().(type) {
	case *pb.Value_NullValue, *pb.Value_BooleanValue, *pb.Value_IntegerValue, *pb.Value_DoubleValue,
		*pb.Value_StringValue, *pb.Value_BytesValue:
		return nil
	case *pb.Value_TimestampValue:
		return normalizeTime(t.TimestampValue)
	case *pb.Value_ReferenceValue:
		return checkReference(t.ReferenceValue)
	case *pb.Value_GeoPointValue:
		return checkPoint(t.GeoPointValue.GetLatitude(), t.GeoPointValue.GetLongitude())
	case *pb.Value_ArrayValue:
		if inArray {
			return invalid("Cannot convert an array value in an array value.")
		}
		return normalizeArray(t.ArrayValue.GetValues(), depth+1)
	case *pb.Value_MapValue:
		if elements, ok := vector(t.MapValue.GetFields()); ok {
			return checkVector(elements)
		}
		return normalizeMap(t.MapValue.GetFields(), depth+1)
	default:
		return invalid("A value has no type, or one that only pipelines have.")
	}
}

func normalizeArray(values []*pb.Value, depth int) error {
	if depth > maxNesting {
		return invalid("Property contains maps and arrays nested deeper than %d.", maxNesting)
	}
	for _, v := range values {
		if err := normalizeValue(v, depth, true); err != nil {
			return err
		}
	}
	return nil
}

const maxVectorDimension = 2048 // firebase.google.com/docs/firestore/vector-search

func checkVector(elements []*pb.Value) error {
	if len(elements) > maxVectorDimension {
		return invalid("Cannot store vectors with more than %d dimensions.", maxVectorDimension)
	}
	for _, v := range elements {
		if _, ok := v.GetValueType().(*pb.Value_DoubleValue); !ok {
			return invalid("A vector must contain only doubles.")
		}
	}
	return nil
}

func normalizeTime(t *timestamppb.Timestamp) error {
	if err := t.CheckValid(); err != nil {
		return invalid("Timestamp is out of range: %v", err)
	}
	t.Nanos -= t.Nanos % int32(time.Microsecond)
	return nil
}

func checkReference(name string) error {
	_, p, err := splitName(name)
	if err == nil && !p.isDocument() {
		return invalid("Reference %q does not name a document.", name)
	}
	return err
}

func checkPoint(latitude, longitude float64) error {
	if latitude >= -90 && latitude <= 90 && longitude >= -180 && longitude <= 180 {
		return nil
	}
	return invalid("A geopoint must have a latitude from -90 to 90 and a longitude from -180 to 180.")
}

// storageSize counts bytes as in firebase.google.com/docs/firestore/storage-size.
func storageSize(p path, doc fields) int { return nameSize(p) + mapSize(doc) + 32 }

func nameSize(p path) int {
	size := 16
	for _, id := range p {
		size += len(id) + 1
	}
	return size
}

func mapSize(m fields) int {
	size := 0
	for name, v := range m {
		size += len(name) + 1 + valueSize(v)
	}
	return size
}

func valueSize(v *pb.Value) int {
	switch t := v.GetValueType().(type) {
	case *pb.Value_IntegerValue, *pb.Value_DoubleValue, *pb.Value_TimestampValue:
		return 8
	case *pb.Value_StringValue:
		return len(t.StringValue) + 1
	case *pb.Value_BytesValue:
		return len(t.BytesValue)
	case *pb.Value_ReferenceValue:
		_, name, _ := strings.Cut(t.ReferenceValue, "/documents/")
		return nameSize(strings.Split(name, "/"))
	case *pb.Value_GeoPointValue:
		return 16
	case *pb.Value_ArrayValue:
		size := 0
		for _, e := range t.ArrayValue.GetValues() {
			size += valueSize(e)
		}
		return size
	case *pb.Value_MapValue:
		return mapSize(t.MapValue.GetFields()) + 32
	default: // null, boolean
		return 1
	}
}
