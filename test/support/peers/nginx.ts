import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPeer } from '../peer-process.ts'
import type { PeerProcess } from '../peer-process.ts'

/**
 * Starts nginx with what stands in its `http` block, and waits for `port`. `dir` is where it keeps everything; it must
 * be there.
 */
export const startNginx = (dir: string, port: number, http: string): Promise<PeerProcess> => {
  const file = join(dir, 'nginx.conf')
  writeFileSync(file, configOf(dir, http))
  return startPeer('nginx', ['-p', dir, '-c', file], port)
}

const configOf = (dir: string, http: string): string => `
daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_max_body_size 100m;
  client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  ${http}
}
`
