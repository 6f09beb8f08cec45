/** What the peers are told for each kind of traffic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHaproxy } from './haproxy/configuration.ts'
import { formatNginx } from './nginx/configuration.ts'
import type { Traffic } from './traffic.ts'

const names = [
  'dir',
  'port',
  'servers',
  'waypointCert',
  'waypointKey',
  'waypointPem',
  'ca',
  'prefix',
  'header',
  'commonName',
]
const values = Object.fromEntries(names.map((name) => [name, `<${name}>`]))
const about = '--with-stream'

const nginx = (traffic: Traffic, isTls = true): string => formatNginx(traffic, isTls, { about, values })

test('nginx speaks TLS on both sides or on none', () => {
  for (const traffic of ['http', 'bodies', 'websocket', 'h2c', 'grpc', 'tcp'] as const) {
    assert.match(nginx(traffic), /listen .* ssl[^]*_ssl_verify on;/, traffic)
    assert.doesNotMatch(nginx(traffic, false), /ssl/, traffic)
  }
})

test('nginx takes gRPC by HTTP/2 and passes it on by HTTP/2, on connections that it keeps', () => {
  assert.match(nginx('grpc'), /keepalive 256;[^]*listen .* ssl http2 [^]*grpc_pass grpcs:\/\/api;/)
  assert.match(nginx('grpc', false), /keepalive 256;[^]*listen \S+ http2 [^]*grpc_pass grpc:\/\/api;/)
})

test('nginx passes other HTTP/2 on as HTTP/1.1, and keeps those connections too', () => {
  assert.match(nginx('h2c'), /listen .* ssl http2 [^]*proxy_pass https:\/\/api;[^]*proxy_http_version 1\.1;/)
  assert.match(nginx('h2c'), /keepalive 256;[^]*proxy_set_header Connection "";/)
})

test('bodies are passed on as they come, upgrades are passed on', () => {
  assert.match(nginx('bodies'), /proxy_request_buffering off;[^]*proxy_max_temp_file_size 0;/)
  assert.match(nginx('websocket'), /proxy_set_header Connection upgrade;/)
})

test('HAProxy speaks HTTP/2 on both sides for HTTP/2, and forwards TCP as it is', () => {
  for (const traffic of ['grpc', 'h2c'] as const) {
    assert.match(formatHaproxy(traffic, values), / alpn h2\n[^]*default-server .* alpn h2\n/)
  }
  assert.doesNotMatch(formatHaproxy('http', values), /alpn h2/)
  assert.match(formatHaproxy('tcp', values), /mode tcp/)
})
