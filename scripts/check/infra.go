package main

import (
	"context"
	"os/exec"
)

func checkInfra(ctx context.Context, t *tree) (string, error) {
	if len(t.ending(".tf")) == 0 {
		return "", skip("there are no Terraform files")
	}
	if _, err := exec.LookPath("terraform"); err != nil {
		return "", skip("terraform is not on the PATH: developer.hashicorp.com/terraform/install")
	}
	_, err := output(ctx, t.root, "terraform", "fmt", "-check", "-diff", "-recursive", "infra")
	return "", err
}
