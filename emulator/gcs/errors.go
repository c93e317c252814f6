package gcs

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

// code is Google's name for an error in the XML API. The table below maps it to a
// status, a JSON reason and a public text.
// Source: cloud.google.com/storage/docs/xml-api/reference-status and
// cloud.google.com/storage/docs/json_api/v1/status-codes.
type code string

// The errors that are modeled.
const (
	accessDenied          code = "AccessDenied"
	anonymous             code = "Anonymous" // JSON API only; the XML API says AccessDenied
	badDigest             code = "BadDigest"
	badToken              code = "AuthenticationRequired" // a bearer token that nobody holds
	bucketExists          code = "BucketAlreadyOwnedByYou"
	bucketNotEmpty        code = "BucketNotEmpty"
	chunkRefused          code = "InvalidChunk" // JSON API only
	entityTooLarge        code = "EntityTooLarge"
	entityTooSmall        code = "EntityTooSmall"
	expiredToken          code = "ExpiredToken"
	incompleteBody        code = "IncompleteBody"
	internalError         code = "InternalError"
	invalidArgument       code = "InvalidArgument"
	invalidBucketName     code = "InvalidBucketName"
	invalidDigest         code = "InvalidDigest"
	invalidRange          code = "InvalidRange"
	keyDecryptionNotFound code = "CloudKmsDecryptionKeyNotFound"
	keyDenied             code = "CloudKmsPermissionDenied" // sent as AccessDenied
	keyDisabled           code = "CloudKmsDisabledKey"
	keyNotFound           code = "CloudKmsEncryptionKeyNotFound"
	keyTooLong            code = "KeyTooLong"
	malformedHeader       code = "MalformedSecurityHeader"
	methodNotAllowed      code = "MethodNotAllowed"
	missingLength         code = "MissingContentLength"
	noSuchBucket          code = "NoSuchBucket"
	noSuchKey             code = "NoSuchKey"
	noSuchUpload          code = "NoSuchUpload"
	notImplemented        code = "NotImplemented"
	notModified           code = "NotModified"
	objectHeld            code = "ObjectUnderActiveHold"
	preconditionFailed    code = "PreconditionFailed"
	retentionNotMet       code = "RetentionPolicyNotMet"
	signatureMismatch     code = "SignatureDoesNotMatch"
	timeTooSkewed         code = "RequestTimeTooSkewed"
	uploadCancelled       code = "UploadCancelled" // JSON API only
)

// response is how an error is sent over HTTP.
type response struct {
	status  int
	reason  string // JSON API
	message string
}

var responses = map[code]response{
	accessDenied:          {403, "forbidden", "Access denied."},
	anonymous:             {401, "required", "Anonymous caller does not have access."},
	badDigest:             {400, "invalid", "The Content-MD5 or checksum you specified did not match what we received."},
	badToken:              {401, "authError", "Invalid Credentials"},
	bucketExists:          {409, "conflict", "Your previous request to create the named bucket succeeded and you already own it."},
	bucketNotEmpty:        {409, "conflict", "The bucket you tried to delete is not empty."},
	chunkRefused:          {400, "invalid", "Invalid chunk of a resumable upload."},
	entityTooLarge:        {400, "uploadTooLarge", "Your proposed upload is larger than the maximum object size specified in your request."},
	entityTooSmall:        {400, "invalid", "Your proposed upload is smaller than the minimum object size specified in your request."},
	expiredToken:          {400, "invalid", "Invalid argument."},
	incompleteBody:        {400, "invalid", "You did not provide the number of bytes specified by the Content-Length HTTP header."},
	internalError:         {500, "internalError", "We encountered an internal error. Please try again."},
	invalidArgument:       {400, "invalid", "Invalid argument."},
	invalidBucketName:     {400, "invalid", "The specified bucket is not valid."},
	invalidDigest:         {400, "invalid", "The Content-MD5 or checksum you specified is not valid."},
	invalidRange:          {416, "requestedRangeNotSatisfiable", "The requested range cannot be satisfied."},
	keyDecryptionNotFound: {400, "cloudKmsDecryptionKeyNotFound", "Resource's Cloud KMS decryption key not found."},
	keyDenied:             {403, "forbidden", "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized to use this key."},
	keyDisabled:           {400, "cloudKmsDisabledKey", "Cloud KMS key is disabled, destroyed, or scheduled to be destroyed."},
	keyNotFound:           {400, "cloudKmsEncryptionKeyNotFound", "Cloud KMS encryption key not found."},
	keyTooLong:            {400, "invalid", "The specified object name is too long."},
	malformedHeader:       {400, "invalid", "Your request has a malformed header."},
	methodNotAllowed:      {405, "methodNotAllowed", "The specified method is not allowed against this resource."},
	missingLength:         {411, "required", "You must provide the Content-Length HTTP header."},
	noSuchBucket:          {404, "notFound", "The specified bucket does not exist."},
	noSuchKey:             {404, "notFound", "The specified key does not exist."},
	noSuchUpload:          {410, "gone", "The requested upload was not found."},
	notImplemented:        {501, "notImplemented", "A header or query you provided requested a function that is not implemented."},
	notModified:           {304, "notModified", ""},
	objectHeld:            {403, "forbidden", "The object is under an active hold and cannot be deleted or overwritten."},
	preconditionFailed:    {412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."},
	retentionNotMet:       {403, "retentionPolicyNotMet", "Object is subject to bucket's retention policy and cannot be deleted or overwritten yet."},
	signatureMismatch:     {403, "forbidden", "Access denied."},
	timeTooSkewed:         {403, "forbidden", "The difference between the request time and the server's time is too large."},
	uploadCancelled:       {499, "cancelled", "The upload was cancelled."},
}

// apiError is an error that is sent to the caller.
type apiError struct {
	code      code
	details   string // for people; never a secret
	parameter string // the header or field that is wrong; may be empty
}

func reject(c code, format string, args ...any) *apiError {
	return &apiError{code: c, details: fmt.Sprintf(format, args...)}
}

// about sets the header or field that is wrong.
func (e *apiError) about(parameter string) *apiError {
	e.parameter = parameter
	return e
}

func (e *apiError) Error() string { return string(e.code) + ": " + e.details }

func (e *apiError) response() response { return responses[e.code] }

// asAPIError returns the apiError in err. Any other error becomes Google's
// InternalError.
func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return &apiError{code: internalError, details: "internal error"}
}

type xmlError struct {
	XMLName   xml.Name `xml:"Error"`
	Code      code     `xml:"Code"`
	Message   string   `xml:"Message"`
	Details   string   `xml:"Details,omitempty"`
	Parameter string   `xml:"ParameterName,omitempty"`
}

// xmlHead is Google's XML declaration, with single quotes.
const xmlHead = "<?xml version='1.0' encoding='UTF-8'?>"

// writeXMLError sends err in the format of the XML API.
func writeXMLError(w http.ResponseWriter, head bool, err error) {
	e := asAPIError(err)
	r := e.response()
	if head || r.status == http.StatusNotModified {
		w.WriteHeader(r.status)
		return
	}
	body := xmlError{Code: e.code, Message: r.message, Details: e.details, Parameter: e.parameter}
	if e.code == keyDenied {
		body.Code = accessDenied
	}
	writeXML(w, r.status, body)
}

// writeXML sends v after Google's declaration.
func writeXML(w http.ResponseWriter, status int, v any) {
	text, err := xml.Marshal(v)
	if err != nil {
		http.Error(w, "encode response", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xmlHead), text...))
}

type jsonError struct {
	Error jsonErrorBody `json:"error"`
}

type jsonErrorBody struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Errors  []jsonErrorItem `json:"errors"`
}

type jsonErrorItem struct {
	Message string `json:"message"`
	Domain  string `json:"domain"`
	Reason  string `json:"reason"`
}

// writeJSONError sends err in the format of the JSON API.
func writeJSONError(w http.ResponseWriter, err error) {
	e := asAPIError(err)
	r := e.response()
	if r.status == http.StatusNotModified {
		w.WriteHeader(r.status)
		return
	}
	message := r.message
	if e.details != "" {
		message = e.details
	}
	if e.code == keyDenied {
		message = r.message
	}
	item := jsonErrorItem{Message: message, Domain: "global", Reason: r.reason}
	writeJSON(w, r.status, jsonError{jsonErrorBody{Code: r.status, Message: message, Errors: []jsonErrorItem{item}}})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
