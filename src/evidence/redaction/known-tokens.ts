/**
 * Tokens that tell by themselves what they are: the prefixes that their issuers document for scanners. Sorted by issuer. Each takes a number of
 * characters that is bounded below only, of one class, so that it is found in one pass.
 */
const PREFIXED: readonly string[] = [
  // Cloud providers.
  String.raw`(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA|ABIA|ACCA)[0-9A-Z]{16}`,
  String.raw`AIza[\w-]{30,}`,
  String.raw`ya29\.[\w.-]{10,}`,
  String.raw`GOCSPX-[\w-]{10,}`,
  String.raw`LTAI[A-Za-z0-9]{12,}`,
  String.raw`AKID[A-Za-z0-9]{13,}`,
  String.raw`do[opr]_v1_[A-Za-z0-9]{16,}`,
  String.raw`dapi[a-f0-9]{16,}`,
  String.raw`dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.]{10,}`,
  String.raw`tskey-[\w-]{8,}`,
  String.raw`fly?[or]1_[\w-]{16,}|FlyV1 [\w+/=,-]{16,}`,
  // Sources and packages.
  String.raw`gh[pousr]_[A-Za-z0-9]{20,}`,
  String.raw`github_pat_\w{16,}`,
  String.raw`gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[\w.-]{10,}`,
  String.raw`npm_[A-Za-z0-9]{16,}`,
  String.raw`pypi-[\w-]{16,}`,
  String.raw`rubygems_[A-Za-z0-9]{16,}`,
  String.raw`cio[A-Za-z0-9]{30,}`,
  String.raw`dckr_(?:pat|oat)_[\w-]{10,}`,
  String.raw`ATATT3[\w=-]{16,}|ATCTT3[\w=-]{16,}|ATBB[\w=-]{16,}`,
  String.raw`lin_(?:api|oauth)_[A-Za-z0-9]{16,}`,
  String.raw`PMAK-[\w-]{16,}`,
  // Payments and shops.
  String.raw`(?:sk|rk|pk)_(?:live|test|prod)_[A-Za-z0-9]{8,}`,
  String.raw`whsec_[\w+/=]{8,}`,
  String.raw`sq0(?:atp|csp|idp)-[\w-]{10,}`,
  String.raw`EAAA[\w-]{30,}`,
  String.raw`shp(?:at|ca|pa|ss)_[A-Za-z0-9]{16,}`,
  String.raw`access_token\$(?:production|sandbox)\$[\w$]{10,}`,
  // Secrets themselves, and who keeps watch.
  String.raw`hv[sbr]\.[\w-]{10,}`,
  String.raw`(?<![\w.])s\.[A-Za-z0-9]{24}(?![\w.])`,
  String.raw`ops_[\w-]{20,}`,
  String.raw`AGE-SECRET-KEY-1[A-Z0-9]{16,}`,
  String.raw`glsa_\w{16,}|glc_[\w+/=]{16,}`,
  String.raw`NRAK-[A-Z0-9]{16,}|NRJS-[a-f0-9]{16,}`,
  String.raw`dt0[a-z]\d\d\.[A-Z0-9]{8,}\.[A-Z0-9]{16,}`,
  String.raw`sntry[su]_[\w+/=.-]{16,}`,
  String.raw`phc_[A-Za-z0-9]{16,}|phx_[A-Za-z0-9]{16,}`,
  // Messages.
  String.raw`xox[abeoprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|xoxe\.xox[bp]-[A-Za-z0-9-]{8,}`,
  String.raw`SG\.[\w-]{10,}\.[\w-]{10,}`,
  String.raw`key-[a-f0-9]{32}`,
  String.raw`xkeysib-[\w-]{16,}|xsmtpsib-[\w-]{16,}`,
  String.raw`\d{8,10}:AA[\w-]{30,}`,
  String.raw`(?:SK|AC)[a-f0-9]{32}`,
  // Models.
  String.raw`sk-(?:ant-|proj-|or-|svcacct-|admin-)?[\w-]{16,}`,
  String.raw`hf_[A-Za-z0-9]{16,}`,
  String.raw`gsk_[A-Za-z0-9]{16,}|r8_[A-Za-z0-9]{16,}|nvapi-[\w-]{16,}|pplx-[A-Za-z0-9]{16,}`,
  // Documents and data.
  String.raw`(?:ntn|secret)_[A-Za-z0-9]{20,}`,
  String.raw`figd_[\w-]{16,}`,
  String.raw`pscale_(?:tkn|pw|oauth)_[\w.-]{16,}`,
  String.raw`sbp_[a-f0-9]{16,}|sb_secret_[\w-]{16,}`,
  String.raw`pat[A-Za-z0-9]{14}\.[a-f0-9]{32,}`,
]
/** What any of them holds, so that most texts are passed over at once. */
export const KNOWN_TOKENS = new RegExp(String.raw`(?<![A-Za-z0-9])(?:${PREFIXED.join('|')})`, 'g')

/** Addresses that are themselves what lets somebody in: incoming webhooks. The host stays. */
export const WEBHOOKS =
  /(\b(?:hooks\.slack\.com\/(?:services|workflows|triggers)|discord(?:app)?\.com\/api\/webhooks|[\w-]{1,63}\.webhook\.office\.com\/webhookb2|chat\.googleapis\.com\/v1\/spaces)\/)[^\s"'\\<>]+/g
/** What any of them holds. */
export const A_WEBHOOK = /\/(?:services|workflows|triggers|webhooks|webhookb2|spaces)\//
