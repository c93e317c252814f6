package spool

import "golang.org/x/sys/windows"

// openItself makes os.OpenFile open a link itself, which is not a regular file.
const openItself = windows.FILE_FLAG_OPEN_REPARSE_POINT

var (
	fullErrors    = []windows.Errno{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
	processErrors = []windows.Errno{windows.ERROR_TOO_MANY_OPEN_FILES, windows.ERROR_NOT_ENOUGH_MEMORY}
)

// checkPrivate does nothing: a directory of Windows has no mode. A new one inherits the
// access list of its parent, and that of the user's profile admits no other user.
func checkPrivate(string) error { return nil }
