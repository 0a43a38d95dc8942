# The shop's machines, as far as the example needs them: no cloud and no credentials.

variable "web_instances" {
  type = number
}

variable "banner" {
  type    = string
  default = "Welcome"
}

locals {
  pool = {
    desired_count = var.web_instances
    zones         = ["a", "b"]
  }
}

resource "terraform_data" "web_pool" {
  input = local.pool
}

resource "terraform_data" "banner" {
  input = var.banner
}
