package configs

// Unpack does what a push does with its pack before it looks at files.
func Unpack(pack []byte) error {
	_, err := unpack(pack, ofPush)
	return err
}
