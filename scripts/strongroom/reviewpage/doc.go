// Package reviewpage shows the review of a configuration in a browser on this machine.
//
// The page is served on 127.0.0.1, on a port that nobody knows before. The URL has a token
// that works once: the first request with it gets a cookie. Another request, one from another
// site, or one with another Host (which DNS rebinding needs) gets nothing. The page loads
// nothing and runs no scripts. The server ends when somebody has decided.
package reviewpage
