# The controller. From the root of the repository:
#   docker build -f deploy/controller.Dockerfile -t REGISTRY/berth-controller:v0.1.0 .
FROM node:24-bookworm AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY src ./src
COPY scripts ./scripts
RUN node scripts/bundle.ts controller

FROM node:24-bookworm-slim
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /src/dist/controller ./dist/controller
USER 65532
ENTRYPOINT ["node", "/app/dist/controller/controller.mjs"]
