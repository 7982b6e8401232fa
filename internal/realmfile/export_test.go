package realmfile

// ParseTree gives tests the limits of the reader alone.
func ParseTree(data []byte) error {
	_, err := parseTree(data)
	return err
}

// ReadTree is ParseTree with a limit of values.
func ReadTree(data []byte, limit int) error {
	_, err := readTree(data, limit)
	return err
}
