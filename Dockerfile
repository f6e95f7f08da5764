# The image holds one static binary and the certificates of the public
# authorities, no shell and no package manager; it runs as nobody in particular.
#
#   make docker
#   docker run -p 443:443 -v ./diastole.yaml:/etc/diastole/diastole.yaml:ro diastole:latest
#
# deploy/docker has examples for Compose.
#
# `docker stop` waits 10 s by default, our drain takes up to 25 s: docker stop -t 30.
FROM node:20-bookworm-slim AS ui
WORKDIR /ui
COPY internal/admin/ui/package.json internal/admin/ui/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY internal/admin/ui ./
RUN node build.mjs

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# With .git, so that `diastole version` names the commit it was made from.
COPY . .
COPY --from=ui /ui/dist internal/admin/ui/dist
ARG RELEASE=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${RELEASE}" -o /diastole ./cmd/diastole
RUN mkdir /state

FROM gcr.io/distroless/static-debian12:nonroot
COPY LICENSE /LICENSE
COPY --from=build /diastole /diastole
# A volume that is mounted there takes its owner from here.
COPY --from=build --chown=nonroot:nonroot /state /var/lib/diastole
USER nonroot
EXPOSE 443
ENTRYPOINT ["/diastole"]
CMD ["serve", "--config", "/etc/diastole/diastole.yaml"]
