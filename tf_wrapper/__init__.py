"""The Terraform half: `tfevent` in place of `terraform` (or `tofu`)."""
