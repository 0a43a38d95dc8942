# Two "hosts", and the playbook that configures them once they are there. Both stand on this machine.
terraform {
  required_version = ">= 1.4"
}

variable "release" {
  type    = string
  default = "1.5.0"
}

locals {
  hosts = toset(["web1", "web2"])
}

resource "terraform_data" "host" {
  for_each = local.hosts
  input    = each.key

  provisioner "local-exec" {
    command = "mkdir -p machines/${each.key}"
  }
}

resource "terraform_data" "configured" {
  depends_on       = [terraform_data.host]
  triggers_replace = [var.release, sort(local.hosts)]

  # What this starts is a child of the apply: tfevent hands on its trace in the environment.
  provisioner "local-exec" {
    command = "ansible-playbook site.yml --extra-vars release=${var.release}"
  }
}
