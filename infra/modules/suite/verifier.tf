locals {
  # The KEY of a verifier key NAME+HASH+KEY (c2sp.org/signed-note) is the base64 of one
  # byte, the type, and the 32 bytes of the Ed25519 key. PEM has the base64 of 12 fixed
  # bytes and the same 32 bytes (RFC 8410), so these begin at its 17th character.
  # Terraform has no functions on bytes, so the bits are shifted as text.
  base64_digits = split("", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  log_versions = {
    for version, pem in var.log_public_keys : version =>
    one([for line in split("\n", pem) : trimsuffix(substr(line, 16, 44), "=") if startswith(line, "MCowBQYDK2VwAyEA")])
  }
  log_key_bits = {
    for version, key in local.log_versions : version =>
    substr(join("", [for digit in split("", key) : format("%06b", index(local.base64_digits, digit))]), 0, 256)
  }
  log_verifier_keys = {
    for version, bits in local.log_key_bits : version => {
      for name, type in { checkpoint = "00000001", time = "00000100" } : name =>
      join("", [for i in range(44) : local.base64_digits[parseint(substr("${type}${bits}", 6 * i, 6), 2)]])
    }
  }
}
