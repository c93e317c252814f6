package exportworker

// SetLimits replaces the limits of parts, so that a test has many parts with few
// documents.
func (w *Worker) SetLimits(documents, bytes, listed int) {
	w.limits = limits{documents: documents, bytes: bytes, listed: listed}
}
