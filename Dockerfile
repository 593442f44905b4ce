# One image for vaults and nodes; docker-compose.yml says which of them a container is, and as whom it runs.
FROM python:3.12-slim-bookworm AS build
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends gcc libc6-dev pkg-config libsodium-dev libp11-kit-dev
WORKDIR /source
COPY . .
RUN pip install --no-cache-dir --prefix=/installed .

FROM python:3.12-slim-bookworm
# libsodium: the token's and Python's; libseccomp: the vault's filter.
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends libsodium23 libseccomp2 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /installed /usr/local
COPY deploy/make-domain.sh /usr/local/bin/make-domain.sh
ENV PYTHONDONTWRITEBYTECODE=1
# Nobody, unless it is said who.
USER 65534:65534
ENTRYPOINT ["thresign"]
