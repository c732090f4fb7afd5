# syntax=docker/dockerfile:1
# Each step is replayed without a container engine by test/integration/image-steps.test.ts: keep to FROM, WORKDIR, COPY, RUN,
# ENV, LABEL, USER, EXPOSE, STOPSIGNAL, HEALTHCHECK and CMD, in exec form where there is a choice.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
COPY dashboard ./dashboard
RUN npm run build

FROM node:24-slim
LABEL org.opencontainers.image.title="torus"
LABEL org.opencontainers.image.description="A multi-core Layer 7 edge gateway"
LABEL org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
# The packages that Torus uses are within, with their licenses.
COPY --from=build /app/dist ./dist
COPY deploy/container/probe.mjs ./
# Torus writes nothing: run it with a read-only root file system. Mount certs/ (or a torus.yaml that names other files).
USER node
EXPOSE 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["node", "probe.mjs", "readyz"]
# Exec form: the primary is process 1 and gets SIGTERM itself.
CMD ["node", "dist/index.js"]
