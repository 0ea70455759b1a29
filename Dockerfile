# A tag, so that a rebuild brings the security fixes of Node and Debian. To pin the image instead, take the digest from
# `docker buildx imagetools inspect node:20-bookworm-slim` and write node:20-bookworm-slim@sha256:<digest> here.
ARG NODE_IMAGE=node:20-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The build needs no install script of a package. It needs the optional packages: the compiler is one of them.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Without the optional packages: the embedded Postgres and a test chain.
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE}
# The gateway hashes passwords on libuv's threads: one per core, but at most UV_THREADPOOL_SIZE - 2. Two threads stay free for
# signing and files. With 10, eight cores can hash. With more cores, set it to their number plus two. Node does not see a CPU
# limit: with a limit, set PASSWORD_HASH_CONCURRENCY. Each hash takes 19 MiB.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4000 \
    UV_THREADPOOL_SIZE=10
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# Beside dist, where the gateway looks for the migrations.
COPY drizzle drizzle
COPY package.json LICENSE ./
# Root owns the files, so that the gateway cannot change its own code. It writes no file: a read-only file system is enough.
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
# The slim image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell or npm, so that signals reach the gateway.
CMD ["node", "dist/main.js"]
