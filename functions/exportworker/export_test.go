package exportworker

// SetLimits replaces the limits of parts, so that a test has many parts with few
// documents.
func (w *Worker) SetLimits(documents, bytes, listed int) {
	w.limits = limits{documents: documents, bytes: bytes, listed: listed, files: 2 * listed, copies: documents - 1, copied: 10}
}
