#!/bin/sh
# Puts a signed request to a node, with openssl and curl alone: what docs/spec/callers.md writes, step by step.
#
#   ask.sh DOMAIN-DIRECTORY METHOD PATH [BODY-FILE [CONTENT-TYPE [IDEMPOTENCY-KEY]]]
#
# DOMAIN-DIRECTORY is what `thresign domain init` made. CALLER (admin), KEY (callers/CALLER.key) and URL (the first
# node's) may be set. The answer goes to standard output, its status and headers to standard error.
set -eu
umask 077
domain_dir=$1 method=$2 path=$3 body=${4:-} type=${5:-application/octet-stream} idempotency=${6:-$(openssl rand -hex 16)}
caller=${CALLER:-admin}
key=${KEY:-$domain_dir/callers/$caller.key}
field() { sed -n "s/^ *\"$1\": \"\([^\"]*\)\".*/\1/p" "$domain_dir/domain.json" | head -n 1; }
domain=$(field domain)
url=${URL:-$(field url)}
created=$(date +%s)
expires=$((created + 60))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$method" = POST ]; then
  digest="sha-256=:$(openssl dgst -sha256 -binary "$body" | openssl base64 -A):"
  covered='"@method" "@path" "content-digest" "content-type" "idempotency-key" "thresign-domain"'
else
  covered='"@method" "@path" "thresign-domain"'
fi
parameters="($covered);created=$created;expires=$expires;keyid=\"$caller\";alg=\"ed25519\";tag=\"thresign\""

# The signature base (RFC 9421 section 2.5): a line for each component, and no line end after the last.
{
  printf '"@method": %s\n"@path": %s\n' "$method" "$path"
  if [ "$method" = POST ]; then
    printf '"content-digest": %s\n"content-type": %s\n"idempotency-key": %s\n' "$digest" "$type" "$idempotency"
  fi
  printf '"thresign-domain": %s\n"@signature-params": %s' "$domain" "$parameters"
} > "$work/base"
openssl pkeyutl -sign -rawin -in "$work/base" -inkey "$key" -out "$work/signature"
signature=$(openssl base64 -A -in "$work/signature")

set -- --silent --show-error --cacert "$domain_dir/ca.pem" --request "$method" --dump-header /dev/stderr \
  --header "Thresign-Domain: $domain" --header "Signature-Input: thresign=$parameters" \
  --header "Signature: thresign=:$signature:"
if [ "$method" = POST ]; then
  set -- "$@" --header "Content-Digest: $digest" --header "Content-Type: $type" \
    --header "Idempotency-Key: $idempotency" --data-binary "@$body"
fi
curl "$@" "$url$path"
