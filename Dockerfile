# syntax=docker/dockerfile:1
# The Node version is the one that package.json pins; test/deployment.spec.ts holds them together.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY migrations ./migrations
COPY libs ./libs
COPY apps ./apps
RUN npm run build

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
# The image brings its own Node, so the copy that npm scripts use elsewhere is left out.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/node-linux-* node_modules/.bin/node

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production \
    LEEWAY_HOST=0.0.0.0 \
    LEEWAY_PORT=8080 \
    LEEWAY_DATA_DIR=/var/lib/leeway
WORKDIR /app
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json LICENSE ./
RUN mkdir -p /var/lib/leeway && chown node:node /var/lib/leeway
USER node
VOLUME /var/lib/leeway
EXPOSE 8080
# Live, not ready: a container that waits for its database must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.LEEWAY_PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/apps/server/main.js"]
