# scripts/check runs tflint in every directory of infra. Each module is inspected on its own, so
# calls are not followed: the platform module reads the packages, which exist only after
# scripts/package.
config {
  call_module_type = "none"
}

plugin "terraform" {
  enabled = true
  preset  = "recommended"
}

rule "terraform_documented_outputs" {
  enabled = true
}

rule "terraform_documented_variables" {
  enabled = true
}

rule "terraform_naming_convention" {
  enabled = true
}
