r"""The shapes of well-known tokens.

How they look is public: in the vendors' documentation, and in the rule lists of secret scanners (gitleaks,
detect-secrets), against whose names and shapes this table is tested.

Every pattern takes steps in proportion to the text: what repeats is bounded, possessive, or cannot fail after it has
matched; a test holds it. ``[^…)\\]]`` in addresses leaves the brackets of a Markdown link alone.
"""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """One kind of token.

    Attributes:
        name: whose it is.
        hints: lower-case texts of which a text holds at least one, else the pattern is not tried.
        pattern: what is hidden: its group ``secret``, or all of it where it has no such group.
    """

    name: str
    hints: tuple[str, ...]
    pattern: str


SHAPES = (
    Shape(
        "aws access key id",
        ("akia", "asia", "abia", "acca", "a3t"),
        r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    ),
    Shape("github", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{30,}+"),
    Shape("github fine-grained", ("github_pat_",), r"github_pat_\w{20,}+"),
    Shape("gitlab", ("gl",), r"gl(?:pat|ptt|cbt|rt|rtr|dt|soat|agent|oas|ft|imt|ffct|wt)-[\w.-]{18,}+"),
    Shape("tfevent", ("tfel_",), r"tfel_[A-Za-z0-9]{30,}+"),
    Shape("gitlab runner", ("gr1348941",), r"GR1348941[\w-]{16,}+"),
    Shape("gitlab session", ("_gitlab_session",), r"_gitlab_session=(?P<secret>[0-9a-zA-Z]{16,}+)"),
    Shape("slack", ("xox", "xapp-"), r"(?:xox[a-z]|xapp)-[\w-]{10,}+"),
    Shape(
        "slack webhook",
        ("hooks.slack",),
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<secret>[^\s\"'<>\\)\]]++)",
    ),
    Shape("mattermost webhook", ("/hooks/",), r"/hooks/(?P<secret>[a-z0-9]{26})(?![a-z0-9])"),
    Shape("discord webhook", ("/api/webhooks/",), r"/api/webhooks/\d{1,20}/(?P<secret>[\w-]++)"),
    Shape(
        "teams webhook",
        ("webhook",),
        r"(?:webhook\.office\.com/webhookb2|outlook\.office\.com/webhook)/(?P<secret>[^\s\"'<>\\)\]]++)",
    ),
    Shape("telegram", (":aa",), r"(?<!\d)\d{8,10}:AA[\w-]{30,}+"),
    Shape(
        "sematext receiver",
        (".sematext.com",),
        r"receiver[\w.-]{0,32}\.sematext\.com(?::\d{1,5})?/(?P<secret>[^\s/?#\"'<>\\)\]]++)",
    ),
    Shape(
        "stripe",
        ("_live_", "_test_", "_prod_", "whsec_"),
        r"(?:(?:sk|rk|pk)_(?:live|test|prod)|whsec)_[A-Za-z0-9+/=]{10,}+",
    ),
    Shape("google api key", ("aiza",), r"AIza[\w-]{30,}+"),
    Shape("google oauth", ("ya29.", "gocspx-"), r"(?:ya29\.|GOCSPX-)[\w-]{20,}+"),
    Shape("azure sas", ("sig=",), r"(?<![A-Za-z0-9])sig=(?P<secret>[^\s&\"'<>;\\)\]]++)"),
    Shape("azure client secret", ("q~",), r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{30,}+"),
    Shape("jwt", ("eyj",), r"(?<![\w-])eyJ[\w-]{6,}+\.eyJ[\w-]{6,}+(?:\.[\w-]*+)?"),
    Shape("npm", ("npm_",), r"npm_[A-Za-z0-9]{30,}+"),
    Shape("pypi", ("pypi-age",), r"pypi-AgE[\w-]{16,}+"),
    Shape("vault", ("hv",), r"(?<![A-Za-z0-9])hv[sbr]\.[\w-]{20,}+"),
    Shape("vault, before 1.10", ("s.", "b."), r"(?<![\w.-])[sb]\.[A-Za-z0-9]{24}(?![\w.-])"),
    Shape("terraform cloud", ("atlasv1",), r"(?:(?<![A-Za-z0-9])[A-Za-z0-9]{1,20})?\.atlasv1\.[\w-]{20,}+"),
    Shape("sendgrid", ("sg.",), r"SG\.[\w-]{16,64}\.[\w-]{16,}+"),
    Shape("twilio", ("sk",), r"(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])"),
    Shape("mailgun", ("key-",), r"(?<![\w-])key-[0-9a-f]{32}(?![\w-])"),
    Shape(
        "openai, anthropic",
        ("sk-",),
        r"(?<![\w-])sk-(?:ant-[a-z]{2,10}\d\d-[\w-]{20,}+|(?:proj|svcacct|admin|or-v1)-(?=[\w-]{0,40}\d)[\w-]{20,}+"
        r"|(?=[A-Za-z0-9]{0,40}\d)[A-Za-z0-9]{20,}+[\w-]*+)",
    ),
    Shape("digitalocean", ("_v1_",), r"do[opr]_v1_[0-9a-f]{40,}+"),
    Shape("databricks", ("dapi",), r"(?<!\w)dapi[0-9a-f]{32}(?:-\d)?"),
    Shape("grafana", ("glsa_", "glc_"), r"gl(?:sa|c)_[\w+/=]{20,}+"),
    Shape("grafana api key", ("eyjrijoi",), r"(?<![\w-])eyJrIjoi[A-Za-z0-9+/_-]{30,}+={0,2}"),
    Shape(
        "new relic",
        ("nrak-", "nral", "nrjs-", "nrii-", "nriq-"),
        r"NR(?:AK|JS|II|IQ)-[A-Za-z0-9_-]{16,}+|(?<!\w)[0-9a-f]{36}NRAL",
    ),
    Shape("doppler", ("dp.",), r"(?<!\w)dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}+"),
    Shape(
        "hugging face, pulumi, atlassian",
        ("hf_", "pul-", "atatt3"),
        r"(?<!\w)(?:hf_[A-Za-z0-9]{30,}+|pul-[0-9a-f]{40}|ATATT3[\w=-]{20,}+)",
    ),
    Shape("dynatrace", ("dt0",), r"(?<!\w)dt0[a-z]\d\d\.[A-Za-z0-9]{8,}+(?:\.[A-Za-z0-9]{16,}+)?"),
    Shape(
        "aws bedrock",
        ("absk", "bedrock-api-key-"),
        r"(?<![\w-])(?:ABSK[A-Za-z0-9+/]{80,}+={0,2}|bedrock-api-key-[\w=+/-]{16,}+)",
    ),
    Shape("heroku", ("hrku-",), r"HRKU-[\w-]{30,}+"),
    Shape("fly.io", ("fo1_", "fm1", "fm2_"), r"(?<!\w)(?:fo1_[\w-]{30,}+|fm(?:1[ar]|2)_[A-Za-z0-9+/]{60,}+={0,3})"),
    Shape(
        "1password",
        ("ops_ey", "a3-"),
        r"(?<!\w)(?:ops_eyJ[\w+/-]{60,}+={0,3}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}(?!\w))",
    ),
    Shape("artifactory", ("akcp", "cmvmd"), r"(?<![A-Za-z0-9])(?:AKCp[A-Za-z0-9]{40,}+|cmVmd[A-Za-z0-9]{40,}+)"),
    Shape(
        "cloudflare",
        ("v1.0-", "cfut_", "cfat_"),
        r"(?<![\w.])(?:v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}+|cf[ua]t_[A-Za-z0-9]{30,}+)",
    ),
    Shape("linear", ("lin_",), r"(?<!\w)lin_(?:api|oauth|wh)_[A-Za-z0-9]{30,}+"),
    Shape("notion", ("ntn_",), r"(?<!\w)ntn_\d{8,12}[A-Za-z0-9]{25,}+"),
    Shape("postman", ("pmak-", "pmat-"), r"(?<!\w)PM(?:AK|AT)-[A-Za-z0-9]{20,}+(?:-[A-Za-z0-9]{20,}+)?"),
    Shape("planetscale", ("pscale_",), r"(?<!\w)pscale_(?:tkn|oauth|pw)_[\w=.-]{30,}+"),
    Shape("sentry", ("sntry",), r"(?<!\w)sntry[usa]_[\w+/=]{30,}+"),
    Shape("square", ("sq0", "eaaa"), r"(?<![\w-])(?:sq0(?:atp|csp|idp)-[\w-]{20,}+|EAAA(?=[\w-]{0,30}\d)[\w-]{22,}+)"),
    Shape("facebook", ("eaa",), r"(?<![\w-])EAA(?=[A-Za-z0-9]{0,60}\d)[A-Za-z0-9]{60,}+"),
    Shape("facebook app", ("|",), r"(?<!\w)\d{15,16}\|[\w-]{27,40}(?![\w-])"),
    Shape("sourcegraph", ("sgp_",), r"(?<!\w)sgp_(?:(?:[0-9a-fA-F]{16}|local)_)?[0-9a-fA-F]{40}"),
    Shape("rubygems", ("rubygems_",), r"(?<!\w)rubygems_[0-9a-f]{40,}+"),
    Shape("airtable", ("pat",), r"(?<![\w.-])pat[A-Za-z0-9]{14}\.[0-9a-f]{60,}+"),
    Shape("openshift", ("sha256~",), r"(?<!\w)sha256~[\w-]{40,}+"),
    Shape("octopus", ("api-",), r"(?<![\w-])API-(?=[A-Z0-9]{0,30}\d)[A-Z0-9]{25,36}(?![\w-])"),
    Shape("perplexity", ("pplx-",), r"(?<!\w)pplx-[A-Za-z0-9]{40,}+"),
    Shape("alibaba", ("ltai",), r"(?<![A-Za-z0-9])LTAI(?=[A-Za-z0-9]{0,24}\d)[A-Za-z0-9]{12,24}(?![A-Za-z0-9])"),
    Shape("tencent", ("akid",), r"(?<![A-Za-z0-9])AKID(?=[A-Za-z0-9]{0,36}\d)[A-Za-z0-9]{32,36}(?![A-Za-z0-9])"),
    Shape("harness", ("pat.", "sat."), r"(?<!\w)[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}(?!\w)"),
    Shape("adobe", ("p8e-",), r"(?<![\w-])p8e-[A-Za-z0-9]{32}(?!\w)"),
    Shape(
        "authress",
        (".acc",),
        r"(?<!\w)(?:sc|ext|scauth|authress)_[a-zA-Z0-9]{5,30}\.[a-zA-Z0-9]{4,6}\.acc[_-][\w-]{10,40}\.[\w+/=-]{30,}+",
    ),
    Shape("clickhouse", ("4b1d",), r"(?<![A-Za-z0-9])4b1d(?=[a-z0-9]{0,40}[A-Z])[A-Za-z0-9]{38}(?![A-Za-z0-9])"),
    Shape("clojars", ("clojars_",), r"(?i:clojars_)[A-Za-z0-9]{60}"),
    Shape("defined networking", ("dnkey-",), r"(?<!\w)dnkey-[\w=-]{26}-[\w=-]{52}"),
    Shape("duffel", ("duffel_",), r"(?<!\w)duffel_(?:test|live)_[\w=-]{30,}+"),
    Shape("easypost", ("ezak", "eztk"), r"(?<![A-Za-z0-9])EZ[AT]K[A-Za-z0-9]{54}(?![A-Za-z0-9])"),
    Shape("flutterwave", ("flwseck", "flwpubk"), r"(?<!\w)FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,}+(?:-X)?"),
    Shape("frame.io", ("fio-u-",), r"(?<!\w)fio-u-[\w=-]{60,}+"),
    Shape("hugging face org", ("api_org_",), r"(?<!\w)api_org_[A-Za-z]{34}(?!\w)"),
    Shape("infracost", ("ico-",), r"(?<![\w-])ico-(?=[A-Za-z0-9]{0,32}\d)[A-Za-z0-9]{32}(?![\w-])"),
    Shape("intra42", ("s-s4t2",), r"(?<!\w)s-s4t2(?:ud|af)-[0-9a-f]{64}"),
    Shape("jwt in base64", ("zxlk",), r"(?<![A-Za-z0-9+/])ZXlK[A-Za-z0-9+/_-]{40,}+={0,2}"),
    Shape("maxmind", ("_mmk",), r"(?<![A-Za-z0-9])[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    Shape(
        "plaid",
        ("access-",),
        r"(?<!\w)access-(?:sandbox|development|production)-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
    ),
    Shape("prefect", ("pnu_",), r"(?<!\w)pn[ub]_[A-Za-z0-9]{36}(?!\w)"),
    Shape("readme", ("rdme_",), r"(?<!\w)rdme_[a-z0-9]{60,}+"),
    Shape("scalingo", ("tk-us-",), r"(?<![\w-])tk-us-[\w-]{40,}+"),
    Shape("sendinblue", ("xkeysib-", "xsmtpsib-"), r"(?<!\w)x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    Shape("settlemint", ("sm_",), r"(?<!\w)sm_[aps]at_[A-Za-z0-9]{16}(?!\w)"),
    Shape("shippo", ("shippo_",), r"(?<!\w)shippo_(?:live|test)_[0-9a-fA-F]{40}"),
    Shape("typeform", ("tfp_",), r"(?<!\w)tfp_[\w.=-]{40,}+"),
    Shape(
        "yandex",
        ("t1.", "aqvn", "yc"),
        r"(?<![\w.])(?:t1\.[\w-]{1,200}={0,2}\.[\w-]{86}={0,2}|AQVN[\w-]{35,38}(?!\w)|YC(?=[\w-]{0,40}\d)[\w-]{38}(?![\w-]))",
    ),
    Shape("mailchimp", ("-us",), r"(?<![A-Za-z0-9])[0-9a-f]{32}-us\d{1,2}(?![A-Za-z0-9])"),
    Shape("mapbox", ("pk.", "sk.", "tk."), r"(?<![\w.])[pst]k\.eyJ[\w-]{20,}+\.[\w-]{20,}+"),
    Shape(
        "groq, xai, cerebras",
        ("gsk_", "xai-", "csk-"),
        r"(?<![\w-])(?:gsk_|xai-|csk-)(?=[A-Za-z0-9]{0,60}\d)[A-Za-z0-9]{40,}+",
    ),
    Shape(
        "replicate, supabase",
        ("r8_", "sbp_", "sb_secret_"),
        r"(?<!\w)(?:r8_[A-Za-z0-9]{37}|sbp_[0-9a-f]{40}|sb_secret_[\w-]{20,}+)",
    ),
    Shape(
        "npm legacy",
        ("_authtoken", "_auth"),
        r"(?::_authToken|(?<![\w])_auth(?:Token)?)[ ]?=[ ]?(?P<secret>[^\s\"'<>\\$]{8,}+)",
    ),
    Shape("langsmith", ("lsv2_",), r"(?<!\w)lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    Shape("looker, contentful", ("cfpat-",), r"(?<!\w)CFPAT-[\w-]{40,}+"),
    Shape(
        "buildkite, circleci", ("bkua_", "ccipat_", "ccirt_"), r"(?<!\w)(?:bkua_[0-9a-f]{40}|cci(?:pat|rt)_[\w-]{20,}+)"
    ),
    Shape("docker hub", ("dckr_",), r"(?<!\w)dckr_(?:pat|oat)_[\w-]{20,}+"),
    Shape(
        "ansible vault",
        ("$ansible_vault",),
        r"\$ANSIBLE_VAULT;\d\.\d;AES256[^\n]{0,60}\n(?P<secret>(?:[ \t]{0,20}[0-9a-f]{1,80}\n?)++)",
    ),
    Shape("shopify", ("shp",), r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    Shape("age", ("age-secret-key-",), r"AGE-SECRET-KEY-1[0-9A-Z]{20,}+"),
    Shape(
        "password hash",
        ("$",),
        r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|(?<!\$)\$(?:1|5|6|y|7|argon2id?)\$[^\s\"'<>\\]{20,}+",
    ),
    Shape(
        "authorization header",
        ("authorization",),
        r"(?i:authorization)\\{0,8}[\"']?[ \t]{0,4}(?::|=>|=)[ \t]{0,4}\\{0,8}[\"']?"
        r"(?:[A-Za-z][\w-]{1,20}[ \t]{1,4})?(?P<secret>[^\s\"'\\]++)",
    ),
    Shape(
        "bearer", ("bearer",), r"(?i:bearer)(?:[ \t]{1,4}|%20)(?=[A-Za-z._~+/=-]{0,64}\d)(?P<secret>[\w.~+/=-]{6,}+)"
    ),
    Shape("cookie header", ("cookie:",), r"(?i:cookie):[ \t]{0,4}(?P<secret>[^\r\n\"'\\]++)"),
    Shape(
        "said in prose",  # login failed for user bob with password 'x'
        ("password", "passphrase", "passwd"),
        r"(?i:\bpass(?:word|phrase|wd)(?: is| was)?):? (?P<quote>[\"'])(?P<secret>[^\"'\n]{4,200}+)(?P=quote)",
    ),
    Shape(
        "said in prose, without quotes",
        ("password is", "password was", "passphrase is", "secret is", "token is", "pin is"),
        r"(?i:\b(?:password|passphrase|secret|token|pin) (?:is|was)(?: now| set to)?) "
        r"(?P<secret>(?=[^\s\"']{0,60}\d)[^\s\"'(]{4,}+)",
    ),
)
