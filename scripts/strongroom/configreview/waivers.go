package configreview

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// WaiversFile is the name of the file with waivers.
const WaiversFile = ".strongroomwaivers"

// readWaivers returns the waivers in WaiversFile.
func readWaivers(files []configtree.File) ([]findings.Waiver, error) {
	at := slices.IndexFunc(files, func(f configtree.File) bool { return f.Path == WaiversFile })
	if at < 0 {
		return nil, nil
	}
	var waivers []findings.Waiver
	decoder := yaml.NewDecoder(bytes.NewReader(files[at].Data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&waivers); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is not a list of waivers with the fields rule, path, line and reason", WaiversFile)
	}
	for i, w := range waivers {
		if err := w.Check(); err != nil {
			return nil, fmt.Errorf("%s, waiver %d: %w", WaiversFile, i+1, err)
		}
	}
	return waivers, nil
}
