#!/bin/sh
# Makes the trust domain that docker-compose.yml runs: four modules in one directory, each in containers of its own.
# Run once, as root, on an empty directory: docker compose run --rm domain
set -eu
directory=${1:-/domain}

thresign domain init "$directory" --name compose

for module in 1 2 3 4; do
  toml="$directory/module-$module/module.toml"
  # Nodes listen on their container's address; peers find one another by the service's name. Callers come from the
  # host, through published ports, so that the addresses in domain.json (127.0.0.1) are right for them.
  sed -i -e 's/^peer_host = .*/peer_host = "0.0.0.0"/' -e 's/^rest_host = .*/rest_host = "0.0.0.0"/' \
    -e 's/^\([1-4]\) = { host = "[^"]*"/\1 = { host = "node-\1"/' "$toml"
  # The vault's container starts as the vault's uid, so the PIN has to be readable for it.
  vault=$((61200 + 2 * module))
  chown -R "$vault:$vault" "$directory/module-$module/pins"
done

echo "Take $directory/offline off this machine: it holds the SO PINs and the CA's key."
