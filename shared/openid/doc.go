// Package openid is the client's side of OpenID Connect: the console and the command line
// sign people in with it.
//
//	provider, err := openid.Discover(ctx, http, client.Issuer)
//	s := openid.NewSignIn(redirectURI)
//	address := provider.AuthorizationURL(client, s)                  // the person opens it
//	tokens, err := provider.Redeem(ctx, http, client, s, code, check) // with the code that came back
//	tokens, err = provider.Refresh(ctx, http, client, tokens, check)  // before the ID token expires
//
// It uses the authorization code flow with PKCE (S256), a state and a nonce, and the device
// flow (RFC 8628) where an issuer has it.
//
// # What is checked
//
//   - The discovery document is of the issuer, and its endpoints use the issuer's scheme.
//   - The redirect back has the state of the sign-in. If the issuer names itself in it, it is
//     this issuer (RFC 9207).
//   - The ID token has the issuer, the client as its only audience (and as azp, if there is
//     one), the nonce of the sign-in, a subject, and times that are right now, with 60 seconds
//     of leeway. After a refresh, the subject is the same.
//
// The signature is not verified here: the token comes from the token endpoint over TLS (OpenID
// Connect Core 1.0, section 3.1.3.7), and the API verifies it in each request.
//
// No error has text of an issuer, which could contain a token.
package openid
