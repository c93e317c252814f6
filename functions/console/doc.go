// Package console is the function that serves the console to browsers and signs people
// in. The console itself is a page that calls the API from the browser. The function holds
// no permission on any data: no database, no bucket and no key.
//
// # Methods
//
//	GET  /console                 the page; it is the same for everybody. Also at /console/
//	GET  /console/assets/{file}   its script and its style sheet
//	GET  /console/sign-in?tenant= sends the browser to the identity provider of a tenant
//	GET  /console/callback        receives the browser from there
//	GET  /console/command-line?tenant= how the people of a tenant sign in with the command line
//	POST /console/session         the ID token, renewed if it ends soon
//	POST /console/sign-out        removes everything that the browser stores for this origin
//
// The last two need the header Strongroom-Console: 1, which a page of another site cannot
// send.
//
// # Sign-in
//
// The function is a confidential client of the identity provider, as a token-mediating
// backend (RFC 10017). It uses the authorization code flow with PKCE (S256), a state, a
// nonce, and a client secret or a JWT that a key in Cloud KMS signs (private_key_jwt).
//
//	cookie                       SameSite  content, sealed with AES-256-GCM
//	__Host-strongroom-sign-in    Lax       state, nonce and PKCE verifier, for 10 minutes
//	__Host-strongroom-session    Strict    refresh token and newest ID token, for 12 hours
//
// The response to POST /console/session is:
//
//	{"idToken":"eyJ…","expires":"…","tenant":"acme","subject":"…","name":"…","workspaces":["prod"],"assistant":"oncall"}
//
// If the session has ended, the page stays as it is, and its requests wait until the person has
// signed in again in another tab. If that is another person, the page loads again. One tab at a
// time renews the session, because an issuer may end a sign-in whose refresh token is used twice.
//
// The page holds the ID token in memory only, and sends it to the API. The API accepts it
// because the trust of one tenant, or of the platform, lists the issuer with this client ID.
// If the issuer returns no ID token for a refresh token, or no refresh token, the person signs
// in again when the first ID token ends.
//
// # Sign-in settings
//
// Each client is a JSON file in the folder STRONGROOM_CONSOLE_SIGN_IN or below it. Files are
// read again after a minute.
//
//	{"name":"acme","issuer":"https://accounts.google.com","clientId":"…","clientSecret":"…",
//	 "scopes":["email"],"parameters":{"access_type":"offline"},"workspaces":["prod"],"assistant":"oncall"}
//
//	name        what a person types: the tenant's ID, or platform
//	issuer      exact iss; the discovery document is below it
//	scopes      in addition to openid
//	parameters  of the authorization request
//	workspaces  offered for selection; the API decides about access
//	assistant   whose answer the overview shows; default oncall
//	basic       the token endpoint takes the secret in the Authorization header
//	signingKey  in place of clientSecret: {"version":"projects/…/cryptoKeyVersions/1","keyId":"…"}, an RSA key in
//	            Cloud KMS, whose public key the issuer has. For Entra, also "certificate": the SHA-256 of
//	            the certificate in base64url
//	commandLine registration of the command line, a native application without a secret of its own:
//	            {"clientId":"…","scopes":["offline_access"],"parameters":{}}; some issuers also require a
//	            clientSecret, which is not confidential, because everybody can read it here
//
// # Status
//
//	200  the page, a file or a session
//	302  to the identity provider
//	304  the browser has the newest file
//	400  the header Strongroom-Console is missing, or the callback does not belong to a sign-in of this browser
//	401  there is no session, or the identity provider ended it: sign in
//	403  the identity provider refused to sign the person in
//	404  nobody signs in under this name, or there is no such path
//	503  the identity provider does not respond as OpenID Connect requires
//
// Errors of the sign-in and the callback are pages. The others are application/problem+json.
//
// # Environment
//
//	GOOGLE_CLOUD_PROJECT           the platform's project
//	STRONGROOM_CONSOLE_URL         origin of the console and of the API, such as https://strongroom.dev
//	STRONGROOM_CONSOLE_SIGN_IN     folder of the sign-in settings; empty: nobody can sign in
//	STRONGROOM_CONSOLE_COOKIE_KEY  seals the cookies, the same in all instances; empty: nobody can sign in
//
// # IAM
//
// roles/cloudkms.signer on the key sign-in of the platform, and on nothing else. It has no
// role on any data. Terraform lets its account read the secrets that are mounted
// as the settings and the cookie key.
//
// # Events
//
// It receives and publishes no events.
//
// # Try it
//
// While go run ./emulator runs, open http://127.0.0.1:8080/console, sign in as acme, and
// choose a persona. The page comes without a sign-in:
//
//	curl -s http://127.0.0.1:8080/console
//
// A session without a sign-in is refused:
//
//	curl -s -X POST http://127.0.0.1:8080/console/session -H 'Strongroom-Console: 1'
package console
