# The change that goes wrong: new zone (the web hosts are replaced), new image, new DNS name, and a smoke test that fails.

variable "db_password" {
  type      = string
  sensitive = true
}

resource "terraform_data" "database" {
  input = {
    engine   = "postgres"
    version  = "16"
    password = var.db_password
  }
}

resource "terraform_data" "web" {
  count = 2
  input = {
    image = "web:1.5.0"
    size  = "small"
  }
  triggers_replace = ["eu-central-1b"]
}

resource "terraform_data" "dns" {
  input = "www.example.org"
}

resource "terraform_data" "smoke_test" {
  input      = "GET /health"
  depends_on = [terraform_data.web, terraform_data.dns]

  provisioner "local-exec" {
    command = "echo 'GET /health: 503 Service Unavailable'; exit 1"
  }
}

output "address" {
  value = terraform_data.dns.output
}
