# What the demo creates: a made-up little service. terraform_data is built into terraform, so nothing is downloaded.

variable "db_password" {
  type      = string
  sensitive = true
}

resource "terraform_data" "database" {
  input = {
    engine   = "postgres"
    version  = "15"
    password = var.db_password
  }
}

resource "terraform_data" "web" {
  count = 2
  input = {
    image = "web:1.4.2"
    size  = "small"
  }
  triggers_replace = ["eu-central-1a"]
}

resource "terraform_data" "dns" {
  input = "web.example.org"
}

output "address" {
  value = terraform_data.dns.output
}
