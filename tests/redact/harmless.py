"""Harmless texts and settings that redaction must leave alone, each as it was written."""

from __future__ import annotations

TEXTS = """\
arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf
cannot read arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf: AccessDenied
token: expired
token: invalid
auth: enabled
auth: required
pass=3
pass=3 fail=0 skip=1
docker run -u 1000:1000 nginx
docker run --user 1000:1000 nginx
docker run --user app:app nginx
docker run -d -p 80:80 nginx
docker run -p 127.0.0.1:8080:80/tcp nginx
docker run -d --name mongo -p 27017:27017 mongo:7
docker compose up -d --build
docker build -t app:1.2 -f Dockerfile .
docker ps -a
sk-learn-model-training-service-v2
pypi-mirror-internal-cache
sk-proj-naming-convention-for-teams
ssh-keygen -p
ssh-keygen -t ed25519 -f key
mkdir -p /srv/app
cp -p a b
tar -xpf x.tar -C /srv
ssh -p 2222 web1
scp -P 22 a b
rsync -a /a/ /b/
ls -a /srv
grep -w foo bar
chown -R 1000:1000 /srv
mysql -u root -p shop
mysql -h db -P 3306 -u app shop
mysql --port 3306
redis-cli -h cache -p 6379 ping
psql -h db -p 5432 -U app shop
psql -p 5432
sqlcmd -S db -E -Q "select 1"
mongosh --port 27017
curl -sSL https://get.example.org | sh
curl -u bob https://h/x
curl -X POST -H 'Content-Type: application/json' https://h/x
openssl req -new -key k.pem -out c.csr
openssl rsa -in k.pem -passin file:/run/pass
echo hello | tee x
echo hello | grep h
the docker daemon listens on port 2375
http://localhost:8080/login?next=/home
https://login.microsoftonline.com/common/oauth2/token
see [docs](https://docs.example.org/a?b=c) and more
see [run](https://ci.example.org/run/42), then (again).
image: ghcr.io/org/secret-operator:v1.2.3
image registry.example.org/team/token-service:2026.11.1
kubernetes_secret.token: Creating...
aws_secretsmanager_secret.db: Modifying... [id=arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf]
random_password.db: Refreshing state... [id=none]
Error: Invalid token
token: the request was refused
Error: secret "shop" not found
password: must be at least 8 characters
password = var.db_password
password = random_password.db.result
password = aws_secretsmanager_secret_version.db.secret_string
password = data.vault_generic_secret.db.data["password"]
password = module.db.password
password = "${var.db_password}"
password: ${DB_PASSWORD}
password: {{ vault_db_password }}
DB_PASSWORD=$DB_PASSWORD
token = each.value.token
api_key_source = "HEADER"
http_tokens = "required"
~ http_tokens = "required" -> "optional"
~ authorization = "AWS_IAM" -> "NONE"
token_ttl=3600
access_token_validity = 60
auth_type = iam
authentication: disabled
auth = none
Basic authentication failed
basic auth is required
the bearer token is missing
give a password 'a' or none
two-factor authentication (otp) is on
the cookie banner
the pin of GPIO 4
pw is short for password
sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
0123456789abcdef0123456789abcdef01234567
commit 8f14e45fceea167a5a36dedd4bea2543 by bob
sentry_release=0123456789abcdef0123456789abcdef01234567
datadog_site = datadoghq.eu
datadog: enabled
heroku_app_id=01234567-89ab-cdef-0123-456789abcdef
github=https://github.com/acme/x
vpc-0a1b2c3d4e5f60718 subnet-0a1b2c3d4e5f60718
i-0123456789abcdef0 is stopped
API-GATEWAY-REST-PRODUCTION
v1.0-rc1
EAAA is a word of nothing
a.b.c/d?e=f&g=h
key=value
keys: a, b, c
public_key: ssh-ed25519
if token == other
secretKeyRef: name
--set image.tag=1.2.3
--set auth.enabled=true
--token-ttl 3600
-var-file=prod.tfvars
helm upgrade app ./chart --set replicas=3
kubectl create secret generic shop --from-file=a
kubectl get secret shop -n prod
kubectl logs -p shop-1
vault login failed
vault login -method=oidc
vault kv get secret/shop
the secret is out of date
the token is expired
5 minutes
required by policy
Passwords never expire here
""".splitlines()

VALUES: list[tuple[tuple[str | int, ...], object]] = [
    *[(("metadata_options", 0, "http_tokens"), value) for value in ("required", "optional")],
    *[(("authorization",), v) for v in ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")],
    *[(("authorization_type",), value) for value in ("NONE", "AWS_IAM", "JWT")],
    (("secret", 0, "content_type"), "application/x-pkcs12"),
    (("secret_properties", 0, "content_type"), "application/x-pem-file"),
    (("customer_master_key_spec",), "SYMMETRIC_DEFAULT"),
    (("secret_variable", 0, "name"), "DB_HOST"),
    (("secret_variable",), [{"name": "DB_HOST"}, {"name": "DB_NAME"}]),
    (("secret_environment_variables", 0, "version"), "latest"),
    (("routing_key",), "orders.created"),
    (("routing_key",), "app.#"),
    (("image_pull_secrets", 0, "name"), "registry"),
    (("spec", "imagePullSecrets"), [{"name": "registry"}]),
    (("image_pull_secrets",), ["registry"]),
    (("token_policies",), ["default", "deploy"]),
    (("token_policies", 0), "deploy"),
    (("password_reuse_prevention",), 24),
    (("token_bound_cidrs",), ["10.0.0.0/8"]),
    (
        ("master_user_secret",),
        [
            {
                "kms_key_id": "arn:aws:kms:eu-west-1:1:key/0a",
                "secret_arn": "arn:aws:secretsmanager:eu-west-1:1:secret:x-AbCdEf",
            }
        ],
    ),
    (("master_user_secret", 0, "secret_status"), "active"),
    (("existingSecret",), "shop-db"),
    (("auth", "existingSecret"), "shop-redis"),
    (("tlsSecret",), "shop-tls"),
    (("tls_secret",), "shop-tls"),
    (("ingress", "tls", 0, "secretName"), "shop-tls"),
    (("auth_token_update_strategy",), "ROTATE"),
    (("api_key_source",), "HEADER"),
    (("auth", 0, "iam_auth"), "DISABLED"),
    (("iam_auth",), "REQUIRED"),
    (("token_validity_units", 0, "access_token"), "minutes"),
    (("token_validity_units",), [{"access_token": "minutes", "id_token": "hours"}]),
    (("access_token_validity",), 60),
    (("volume", 0, "secret", 0, "secret_name"), "shop-db"),
    (("OAUTH_TOKEN_URL",), "https://login.example.org/oauth2/token"),
    (("PASSWORD_RESET_URL",), "https://shop.example.org/reset"),
    (("PASS_THROUGH",), "yes"),
    (("secrets", 0, "valueFrom"), "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db"),
    (("secrets",), [{"name": "DB", "valueFrom": "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf:password::"}]),
    (("secret",), "projects/shop/secrets/db/versions/latest"),
    (("password_secret_version",), "projects/shop/secrets/db/versions/3"),
    (("passwordSecretRef",), "shop-db"),
    (("manage_master_user_password",), True),
    (("password",), ""),
    (("password",), None),
    (("token",), "${var.token}"),
    (("auth",), "enabled"),
    (("auth",), "iam"),
    (("cookies", 0, "forward"), "all"),
    (("cookie_behavior",), "whitelist"),
    (("stickiness", 0, "type"), "lb_cookie"),
    (("stickiness", 0, "cookie_duration"), 86400),
    (("min_password_length",), 14),
    (("max_password_age",), 90),
    (("password_attempts",), 5),
    (("allow_users_to_change_password",), True),
    (("require_symbols",), True),
    (("secret_rotation_days",), "30d"),
    (("secrets_provider",), "vault"),
    (("secret_path",), "secret/data/shop"),
    (("vault_secret_path",), "secret/data/shop"),
    (("token_reviewer_count",), 3),
    (("tokens",), 5),
    (("key_vault_secret_id",), "https://shop.vault.azure.net/secrets/db"),
    (("bypass",), "AzureServices"),
    (("compass",), "north"),
    (("author",), "bob"),
    (("key_name",), "deploy"),
    (("partition_key",), "tenant"),
    (("public_key",), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB"),
    (("kms_key_id",), "arn:aws:kms:eu-west-1:1:key/0a1b"),
    (("datadog_site",), "datadoghq.eu"),
    (("sentry_environment",), "production"),
    (("slack_channel",), "#alerts"),
    (("github_organization",), "acme"),
    (("pagerduty_service",), "shop"),
    (("pin",), 4),
    (("spin_rate",), 3),
    (("path_pattern",), "/api/*"),
    (("patch_group",), "web"),
    (("otpauth_enabled",), False),
    (("password_policy", 0, "minimum_length"), 12),
    (("password_policy", 0, "temporary_password_validity_days"), 7),
    (("token_endpoint",), "https://login.example.org/token"),
    (("auth_url",), "https://login.example.org/auth"),
    (("authorization_url",), "https://login.example.org/authorize"),
    (("client_authentication",), "NONE"),
    (("auth_mode",), "scram-sha-256"),
    (("sasl_auth",), "scram-sha-512"),
    (("default_action", 0, "authenticate_oidc", 0, "session_cookie_name"), "AWSELBAuthSessionCookie"),
]
