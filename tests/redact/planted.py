"""Planted secrets in every place that is known to hold them: each must be hidden.

``TEXTS`` are free texts with the place of the secret as ``{}``; ``VALUES`` are attributes; ``TOKENS`` are synthetic
samples for the rules of gitleaks (by name and shape; none is of a real account), ``SERVICES`` those that only the
name of a service in front of them gives away.
"""

from __future__ import annotations

import random
import string

SECRET = "hunter2Planted"
PLAIN = ("hunter2", "changeme", "letmein", "optional-pw", "correct horse", "S3cr$t!", "123456", "admin123")

COMMANDS = """\
docker login -u ci -p {} registry.example.org
docker login registry.example.org -u ci -p{}
podman login -u ci -p "{}" quay.io
helm registry login -u ci -p '{}' r.example.org
sudo docker login -p {} -u ci
redis-cli -h cache -a {} ping
redis-cli -h cache -p 6379 -a '{}' --no-auth-warning info
valkey-cli -a {} ping
ldapsearch -x -D cn=admin -w {} -b dc=example
ldapsearch -xw{} -b dc=example
ldapmodify -D cn=admin -w "{}" -f x.ldif
mongosh --host db -u root -p {} admin
mongo -u root -p{} admin
mongodump -u root -p {} --out /b
sqlcmd -S db -U sa -P {} -Q "select 1"
bcp shop out x.dat -S db -U sa -P {}
smbclient -U ann%{} //h/share
smbclient //h/share -U 'ann%{}' -c ls
mysql -u root -p{} -e "select 1"
mysql -uroot -p'{}' shop
mysqldump -p{} --all-databases | gzip
mariadb -u root -p{} shop
sshpass -p {} ssh web1 uptime
sshpass -p'{}' scp a web1:
curl -u user:{} https://api.example.org/x
curl -sSu user:{} https://api.example.org/x
curl -s -u "user:{}" https://api.example.org/x
curl --user user:{} https://api.example.org/x
curl -H "X-Auth-Token: {}" https://api.example.org/x
curl -H 'Authorization: Bearer {}' https://api.example.org/x
wget --user bob --password {} https://h/x
wget --user=bob --password={} https://h/x
htpasswd -b /etc/nginx/htpasswd bob {}
htpasswd -bc /etc/nginx/htpasswd bob {}
htpasswd -nbB bob {}
htpasswd -nb -C 10 bob {}
openssl rsa -in k.pem -passin pass:{} -out o.pem
openssl pkcs12 -export -passout pass:{} -in c.pem
openssl enc -aes-256-cbc -pass pass:{} -in x
psql "host=db user=app password={} dbname=shop"
psql postgresql://app:{}@db/shop
PGPASSWORD={} psql -h db -U app
RESTIC_PASSWORD={} restic -r /srv backup /data
export MYSQL_PWD={}; mysql shop
restic -r rest:https://bob:{}@backup.example.org/ snapshots
echo {} | kinit admin@EXAMPLE.ORG
echo "{}" | docker login -u ci --password-stdin r.example.org
echo '{}' | sudo -S systemctl restart x
echo "root:{}" | chpasswd
printf '%s' {} | helm registry login --password-stdin r
rabbitmqctl add_user bob {}
rabbitmqctl change_password bob {}
rabbitmqadmin -u bob -p {} list queues
sqlplus scott/{}@db
expdp scott/{} full=y
snmpwalk -v2c -c {} 10.0.0.1
snmpget -v3 -u u -A {} -a SHA 10.0.0.1
mosquitto_pub -u bob -P {} -t x -m y
7z a -p{} x.7z y
rar a -hp{} x.rar y
zip -P {} x.zip y
unzip -P {} x.zip
keytool -genkey -storepass {} -alias x
keytool -genkey -keypass {} -alias x
ipmitool -H bmc -U root -P {} power on
cypher-shell -u neo4j -p {} "MATCH (n) RETURN n"
cqlsh -u cassandra -p {} db
az login --service-principal -u app -p {} --tenant t
cf login -a https://api -u bob -p {}
oc login -u bob -p {} https://api:6443
oc login --token={} https://api:6443
vault login {}.1
lftp -u bob,{} sftp://h
http -a bob:{} https://h/x
ab -A bob:{} https://h/
skopeo copy --src-creds bob:{} docker://a docker://b
etcdctl --user root:{} get k
net user bob {} /add
plink -pw {} bob@h ls
xfreerdp /u:bob /p:{} /v:h
aws configure set aws_secret_access_key {}
aws secretsmanager put-secret-value --secret-id x --secret-string {}
kubectl create secret generic s --from-literal=key={}
kubectl create secret generic s --from-literal key={}
kubectl create secret docker-registry s --docker-password={}
terraform apply -var db={} -auto-approve
terraform init -backend-config=key={}
gpg --batch --passphrase {} -d x.gpg
ansible-playbook -e ansible_become_pass={} site.yml
useradd -m -p {} bob
influx -username admin -password {}
consul kv get -token={} x
svn co --username bob --password {} https://h/r
git clone https://bob:{}@git.example.org/x.git
npm config set //registry.example.org/:_authToken={}
jarsigner -storepass {} x.jar alias
winexe -U bob%{} //h cmd
net rpc info -U bob%{}x --password {}
echo $(redis-cli -a {} get k)
true && redis-cli -a {} ping
""".splitlines()

FRAMES = (
    "{}",
    "Error running command '{}': exit status 1. Output: refused",
    (
        "Error: local-exec provisioner error\n\n  with null_resource.x,\n  on main.tf line 3:\n\n"
        'Error running command "{}": exit 1'
    ),
    "null_resource.x (local-exec): + {}",
    'null_resource.x (local-exec): Executing: ["/bin/sh" "-c" "{}"]',
    "we ran {} and it failed",
)
NESTED = ("sh -c '{}'", 'bash -c "{}"', "ssh web1 '{}'", 'sudo sh -c "cd /srv && {}"', "$({})", "`{}`")

TEXTS = """\
password={}
password = "{}"
password: {}
passwd -> {}
passwd => {}
Password: '{}', user: bob
(password={})
{{"password": "{}"}}
{{"passwords": ["{}", "x"]}}
{{"api_tokens": ["first-one", "{}"]}}
{{"credentials": {{"user": "bob", "key": "{}"}}}}
{{\\"password\\": \\"{}\\"}}
{{\\"tokens\\": [\\"{}\\"]}}
tokens = ["{}"]
secrets = [ "a-b-c", "{}" ]
db_passwords: [{}, other]
<password>{}</password>
<db:Password type="text">{}</db:Password>
&lt;password&gt;{}&lt;/password&gt;
<password><![CDATA[{}]]></password>
<add key="DbPassword" value="{}"/>
<property name="hibernate.connection.password" value="{}"/>
<property name="javax.persistence.jdbc.password">{}</property>
<user name="bob" password="{}"/>
password: >-\\n  {}
password: |\\n  {}\\n  more
db:\\n  password: |-\\n    {}\\n  port: 1
tokens:\\n  - {}\\n  - other
tokens:\\n- {}
credentials:\\n  user: bob\\n  key: {}
- name: DB_PASSWORD\\n  value: {}
{{name = "DB_PASSWORD", value = "{}"}}
{{"name": "API_TOKEN", "value": "{}"}}
root_pw = {}
pw: {}
otp={}
pin_code: {}
creds = "{}"
bearer: {}
session_cookie={}
azure_pat = {}
access_code: {}
auth_string = "{}"
recovery_code={}
smtppass={}
dbpass = {}
the password is {} now
login failed for bob with password '{}'
password: "{}"
~ password = "old-one-x" -> "{}"
https://x.example/?access_token={}&y=1
see [ci](https://ci.example.org/run?token={})
<https://ci.example.org/run?token={}>
https://bob:{}@h.example/x
jdbc:mysql://h/db?user=u&password={}
Server=h;User Id=sa;Password={};Encrypt=yes
amqp://bob:{}@mq:5672/vhost
X-Api-Key: {}
spring.datasource.password={}
mnemonic = "{}"
snmp_community: {}
""".splitlines()

NAMES = [
    "pw",
    "root_pw",
    "otp",
    "totp",
    "pin_code",
    "creds",
    "bearer",
    "session_cookie",
    "github_pat",
    "access_code",
    "auth_string",
    "recovery_code",
    "recovery_codes",
    "backup_codes",
    "db_password",
    "dbPassword",
    "MYSQL_ROOT_PASSWORD",
    "apiToken",
    "client_secret",
    "secret",
    "private_key",
    "connection_string",
    "passphrase",
    "passcode",
    "psk",
    "smtppass",
    "bind_pw",
    "unlock_code",
    "master_user_pw",
    "token",
]


def commands() -> list[tuple[str, str]]:
    """Every command in every frame, and nested in a shell's argument: the text and its secret."""
    found = [(frame.format(command), SECRET) for command in COMMANDS for frame in FRAMES]
    for command in COMMANDS:
        for shell in NESTED:
            if ("'" in command and "'" in shell) or ('"' in command and '"' in shell):
                continue
            found += [(frame.format(shell.format(command)), SECRET) for frame in FRAMES[:3]]
    return [(text.replace("{}", SECRET), secret) for text, secret in found]


def texts() -> list[tuple[str, str]]:
    """Free texts and their secrets."""
    return [(text.replace("\\n", "\n").format(secret), secret) for text in TEXTS for secret in (SECRET, "tr0ub4dor&3")]


def values() -> list[tuple[tuple[str | int, ...], object, str]]:
    """Attributes under a sensitive name: path, value, secret."""
    found: list[tuple[tuple[str | int, ...], object, str]] = []
    for name in NAMES:
        for secret in PLAIN:
            found += [((name,), secret, secret), ((name, 0), secret, secret), ((name, "x"), secret, secret)]
            found.append(((name,), {"alice": secret}, secret))
            found.append(((name,), [secret, "required"], secret))
            found.append((("settings",), {name: secret}, secret))
    return found


def _fill(shape: str) -> str:
    """A text of the shape: ``a`` lower letter or digit, ``h`` hex, ``A`` upper or digit, ``w`` any, ``9`` digit."""
    rng = random.Random(shape)
    kinds = {
        "a": string.ascii_lowercase + string.digits,
        "h": "0123456789abcdef",
        "A": string.ascii_uppercase + "234567",
        "w": string.ascii_letters + string.digits,
        "9": string.digits,
    }
    parts = []
    for piece in shape.split("|"):
        kind, _, size = piece.partition("*")
        parts.append("".join(rng.choice(kinds[kind]) for _ in range(int(size))) if size else piece)
    return "".join(parts)


_TOKENS = """
    1password-secret-key=A3-|A*6|-|A*6|-|A*5|-|A*5|-|A*5|-|A*5  1password-service-account-token=ops_eyJ|w*260
    adobe-client-secret=p8e-|a*32  alibaba-access-key-id=LTAI|w*20  anthropic-admin-api-key=sk-ant-admin01-|w*93|AA
    anthropic-api-key=sk-ant-api03-|w*93|AA  artifactory-api-key=AKCp|w*69  artifactory-reference-token=cmVmd|w*59
    atlassian-api-token=ATATT3|w*186  authress-service-client-access-key=sc_|a*12|.|a*5|.acc-|a*16|.|w*40
    aws-akia=AKIA|A*16  aws-asia=ASIA|A*16  aws-abia=ABIA|A*16  aws-a3t=A3TX|A*16
    aws-bedrock-long=ABSK|w*109  aws-bedrock-short=bedrock-api-key-|w*40  azure-ad-client-secret=|w*3|8Q~|w*33
    clickhouse-cloud=4b1d|w*38  clojars=CLOJARS_|a*60  cloudflare-origin-ca-key=v1.0-|h*24|-|h*146
    databricks=dapi|h*32  defined-networking=dnkey-|a*26|-|a*52  digitalocean-access=doo_v1_|h*64
    digitalocean-pat=dop_v1_|h*64  digitalocean-refresh=dor_v1_|h*64  doppler=dp.pt.|a*43
    duffel=duffel_live_|a*43  dynatrace=dt0c01.|A*24|.|A*64  easypost=EZAK|a*54  easypost-test=EZTK|a*54
    facebook-page=EAAM|w*120  flutterwave-encryption=FLWSECK_TEST-|h*12  flutterwave-secret=FLWSECK_TEST-|h*32|-X
    flyio-1=fo1_|w*43  flyio-2=fm2_|w*120  flyio-3=fm1r_|w*120  frameio=fio-u-|a*64  gcp=AIza|w*35
    github-app=ghu_|w*36  github-fine=github_pat_|w*82  github-oauth=gho_|w*36  github-pat=ghp_|w*36
    github-refresh=ghr_|w*36  gitlab-cicd=glcbt-|a*2|_|w*20  gitlab-deploy=gldt-|w*20  gitlab-feature=glffct-|w*20
    gitlab-feed=glft-|w*20  gitlab-mail=glimt-|w*25  gitlab-agent=glagent-|w*50  gitlab-oauth=gloas-|w*64
    gitlab-pat=glpat-|w*20  gitlab-ptt=glptt-|h*40  gitlab-rrt=GR1348941|w*20  gitlab-runner=glrt-|w*20
    gitlab-scim=glsoat-|w*20  grafana-api=eyJrIjoi|w*90  grafana-cloud=glc_|w*40  grafana-sa=glsa_|w*32|_|h*8
    harness=pat.|w*22|.|w*24|.|w*20  terraform=|w*14|.atlasv1.|w*64  heroku-v2=HRKU-AA|w*58  huggingface=hf_|w*34
    infracost=ico-|w*32  intra42=s-s4t2ud-|h*64  jwt=eyJhbGci|w*20|.eyJzdWIi|w*30|.|w*43  linear=lin_api_|a*40
    mailgun=key-|h*32  mailchimp=|h*32|-us12  maxmind=|w*6|_|w*29|_mmk  newrelic-user=NRAK-|A*27
    newrelic-browser=NRJS-|h*19  newrelic-insert=NRII-|w*32  notion=ntn_|9*11|w*35  npm=npm_|w*36
    octopus=API-|A*26  openai-project=sk-proj-|w*74|T3BlbkFJ|w*74  openai=sk-|w*20|T3BlbkFJ|w*20
    openshift=sha256~|w*43  perplexity=pplx-|w*48  plaid=access-production-|h*8|-|h*4|-|h*4|-|h*4|-|h*12
    planetscale-api=pscale_tkn_|w*43  planetscale-oauth=pscale_oauth_|w*43  planetscale-password=pscale_pw_|w*43
    postman=PMAK-|h*24|-|h*34  prefect=pnu_|w*36  pulumi=pul-|h*40  pypi=pypi-AgEIcHlwaS5vcmc|w*60
    readme=rdme_|a*70  rubygems=rubygems_|h*48  scalingo=tk-us-|w*48  sendgrid=SG.|w*22|.|w*43
    sendinblue=xkeysib-|h*64|-|a*16  sentry-org=sntrys_eyJpYXQiO|w*60|_|w*43  sentry-user=sntryu_|h*64
    settlemint=sm_pat_|w*16  shippo=shippo_live_|h*40  shopify=shpat_|h*32  shopify-secret=shpss_|h*32
    slack-app=xapp-1-|A*11|-|9*12|-|a*64  slack-bot=xoxb-|9*12|-|9*12|-|w*24  slack-user=xoxp-|9*12|-|9*12|-|9*12|-|w*32
    sourcegraph=sgp_|h*16|_|h*40  square=EAAA|w*58  square-2=sq0atp-|w*22
    stripe=sk_live_|w*24  stripe-prod=rk_prod_|w*40
    tfevent-ledger=tfel_|w*43
    twilio=SK|h*32  typeform=tfp_|a*59  vault-batch=hvb.|w*140  vault-service=hvs.|w*95  airtable-pat=pat|w*14|.|h*64
    yandex-access=t1.|w*20|.|w*86  yandex-key=AQVN|w*38  docker-hub=dckr_pat_|w*27  langsmith=lsv2_pt_|h*32|_|h*10
    groq=gsk_|w*52  telegram=|9*9|:AA|w*33  facebook-app=|9*15|%7C|w*30
"""
TOKENS = {name: _fill(shape) for name, _, shape in (token.partition("=") for token in _TOKENS.split())}
del TOKENS["facebook-app"]  # its bar is what parts the shapes here
TOKENS["facebook-app"] = f"{_fill('9*15')}|{_fill('w*30')}"

_SERVICES = """
    adafruit=a*32 adobe=h*32 airtable=a*17 algolia=a*32 alibaba=a*30 asana=a*32 atlassian=a*24 confluence=a*24 jira=a*24
    beamer=w*44 bitbucket=a*32 bittrex=a*32 cloudflare=a*40 codecov=a*32 cohere=w*40 coinbase=a*64 confluent=a*16
    contentful=a*43 datadog=a*40 discord=h*64 droneci=a*32 dropbox=a*15 etsy=a*24 facebook=h*32 fastly=a*32
    finicity=h*32 finnhub=a*20 flickr=a*32 freshbooks=a*64 gitter=a*40 gocardless=w*40 hubspot=h*32 intercom=a*60
    jfrog=a*73 artifactory=a*64 kraken=w*80 kucoin=h*24 launchdarkly=a*40 linear=h*32 linkedin=a*16 mattermost=a*26
    meraki=h*40 messagebird=a*25 netlify=a*43 newrelic=a*64 nytimes=a*32 okta=w*42 plaid=a*30 privateai=a*32
    rapidapi=a*50 sendbird=h*40 sentry=h*64 sonar=a*40 sumologic=a*64 travis=a*22 twitch=a*30 twitter=a*45 zendesk=a*40
"""
SERVICES = {name: _fill(shape) for name, _, shape in (one.partition("=") for one in _SERVICES.split())}
for _name in ("heroku", "snyk", "squarespace"):
    SERVICES[_name] = "-".join(_fill(f"h*{size}") for size in (8, 4, 4, 4, 12))
