package gcs

// deleteObject deletes the live object if the permission, the generation (unless
// empty), the preconditions and the retention policy allow it.
func (s *Server) deleteObject(c caller, bucket, name, generation string, when preconditions) error {
	if _, _, err := s.find(c, deleteObject, bucket, name); err != nil {
		return err
	}
	var gone object
	err := s.store.update(func(t txn) (err error) {
		gone, err = s.deleteLive(t, bucket, name, generation, when)
		return err
	})
	if err != nil {
		return err
	}
	s.outbox.wake()
	return s.removeBlob(gone.Blob)
}

func (s *Server) deleteLive(t txn, bucket, name, generation string, when preconditions) (object, error) {
	b, o, err := t.live(bucket, name, generation, when)
	if err != nil {
		return o, err
	}
	if err := s.checkRetention(b, o); err != nil {
		return o, err
	}
	if err := t.deleteObject(o); err != nil {
		return o, err
	}
	return o, s.notify(t, b, eventDelete, o, nil)
}

// live returns the live object if it satisfies the generation and the preconditions.
func (t txn) live(bucket, name, generation string, when preconditions) (Bucket, object, error) {
	b, err := t.bucket(bucket)
	if err != nil {
		return b, object{}, err
	}
	o, err := t.object(bucket, name)
	if err != nil {
		return b, o, err
	}
	if o.Generation == 0 {
		return b, o, noObject(bucket, name)
	}
	if err := checkGeneration(o, generation); err != nil {
		return b, o, err
	}
	return b, o, when.check(o.Generation, o.Metageneration, false)
}

// changeObject changes the live object's metadata with change.
func (s *Server) changeObject(c caller, bucket, name, generation string, when preconditions, change func(*object) error) (b Bucket, o object, err error) {
	if _, _, err := s.find(c, updateObject, bucket, name); err != nil {
		return b, o, err
	}
	err = s.store.update(func(t txn) (err error) {
		if b, o, err = t.live(bucket, name, generation, when); err != nil {
			return err
		}
		if err := change(&o); err != nil {
			return err
		}
		o.Metageneration++
		o.Updated = s.config.Clock.Now().UTC()
		if err := t.putObject(o); err != nil {
			return err
		}
		return s.notify(t, b, eventUpdate, o, nil)
	})
	s.outbox.wake()
	return b, o, err
}
