// Package authn turns a bearer token into a Principal: who asks, for which
// tenant, in which role.
//
// A token is an OpenID Connect ID token, a JWT access token (RFC 9068) or a
// Kubernetes projected service-account token. Its audience, not yet verified,
// says whose trust it is to be judged by; from there on only that tenant's
// issuers, keys and rules count. A token therefore opens one tenant at most,
// and whoever makes it for another audience gains nothing.
//
// What is accepted is fixed here and never the token's choice:
//
//   - compact JWS of at most 16 KiB, signed with RS256 (2048 bits or more) or
//     ES256, by a key of that type in the key set of the token's issuer;
//   - exactly one audience: Audience/tenants/ID, or Audience/platform;
//   - exp and iat, and nbf where given, with 60 seconds of leeway, and at most
//     24 hours between iat and exp (a projected token lives one hour unless
//     the pod asks for more; kubelet renews it after 24 hours at the latest);
//   - strict JSON: a claim that stands twice is refused.
//
// Keys a token brings along (jwk, jku, x5u, x5c) are ignored.
//
// What a refused client is told depends on its token alone until a trusted key
// has signed it, so that it cannot learn which tenants exist. There is one
// exception: while a tenant's keys cannot be fetched, a token that names the
// tenant and its issuer is answered with ErrUnavailable, so that honest
// clients try again.
package authn
