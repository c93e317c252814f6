// Package authn converts a bearer token to a Principal: who makes the request, for
// which tenant, and in which role.
//
// A token is an OpenID Connect ID token, a JWT access token (RFC 9068) or a
// Kubernetes projected service-account token. Its audience, which is not verified
// yet, selects a tenant. If the audience is a client ID of the console, the pair of the
// issuer and the client ID does. From then on, only the issuers, keys and rules of that
// tenant count. So a token opens one tenant at most, and a token with
// another audience gains nothing.
//
// A token cannot choose what is accepted:
//
//   - compact JWS of at most 16 KiB, signed with RS256 (2048 bits or more) or
//     ES256, by a key of that type in the key set of the token's issuer; the key
//     has the token's key ID, and its use and key_ops, if present, allow verifying;
//     a token without a key ID is tried with the only key that fits;
//   - exactly one audience: Audience/tenants/ID, or Audience/platform, or a client ID
//     that the trust of one tenant, or of the platform, lists for the token's issuer;
//   - exp and iat, and nbf if present, with 60 seconds of leeway, and at most
//     24 hours between iat and exp (a projected token is valid for one hour unless
//     the pod requests more; kubelet renews it after 24 hours at the latest);
//   - strict JSON: a duplicate claim is rejected.
//
// Keys in the token's header (jwk, jku, x5u, x5c) are ignored.
//
// A key set is fetched every five minutes. Keys are used for ten minutes after the
// last successful fetch, also while the issuer cannot be reached. So a key that an
// issuer withdraws is refused within ten minutes, and an issuer that is down for
// longer stops its users. Cache-Control changes neither.
//
// If no trusted key verifies a token, the error depends only on the token itself, so
// a client cannot find out which tenants exist. There is one exception: if the keys of a tenant's issuer cannot be fetched, a token for that
// tenant and issuer is answered with ErrUnavailable, so that its client retries.
package authn
