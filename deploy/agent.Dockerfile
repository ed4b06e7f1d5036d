# The node agent with the CNI plugin. From the root of the repository:
#   docker build -f deploy/agent.Dockerfile -t REGISTRY/berth-agent:v0.1.0 .
FROM node:24-bookworm AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No package needs its install script here: the pinned Node is the image's own, native parts come built.
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY src ./src
COPY scripts ./scripts
RUN node scripts/bundle.ts agent

FROM node:24-bookworm-slim
# nft applies the node's rules; all else goes through netlink.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends nftables \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /src/node_modules/koffi ./node_modules/koffi
COPY --from=build /src/node_modules/@koromix ./node_modules/@koromix
COPY --from=build /src/dist/agent ./dist/agent
ENTRYPOINT ["node", "/app/dist/agent/agent.mjs"]
