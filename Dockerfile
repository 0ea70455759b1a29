# By tag, so that a rebuild brings the security fixes of Node and Debian. To pin it instead, take the digest from
# `docker buildx imagetools inspect node:20-bookworm-slim` and write node:20-bookworm-slim@sha256:<digest> here.
ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The compiler runs no package's install script. It is itself among the optional packages, one for each platform.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The optional packages are the embedded Postgres and a test chain.
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE}
# Passwords are hashed on libuv's threads, as many at once as there are cores, but at most UV_THREADPOOL_SIZE - 2 so that
# signing and files do not wait behind them. 10 lets eight cores hash; where more are used, set it to the cores plus two.
# A CPU limit does not change what Node counts as cores: set PASSWORD_HASH_CONCURRENCY there. Each hash takes 19 MiB.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    UV_THREADPOOL_SIZE=10
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# Beside dist: the migrations are looked for there.
COPY drizzle drizzle
COPY package.json LICENSE ./
# The files stay root's: the gateway cannot change its own code. It writes nothing, and runs with a read-only file system.
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
# The slim image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# No shell and no npm in between, so that signals reach the gateway.
CMD ["node", "dist/main.js"]
