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

# What a pod needs besides: containerd executes loopback for each, and the agent chains the others where they are asked
# for. Static, since they run on the host.
FROM golang:1-bookworm AS plugins
RUN for name in main/loopback meta/portmap meta/bandwidth meta/tuning; do \
    CGO_ENABLED=0 go install github.com/containernetworking/plugins/plugins/$name@v1.7.1 || exit 1; \
  done

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
COPY --from=plugins /go/bin ./dist/agent/cni-plugins
ENTRYPOINT ["node", "/app/dist/agent/agent.mjs"]
