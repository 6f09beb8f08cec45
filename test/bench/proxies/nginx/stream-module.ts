import { existsSync } from 'node:fs'
import { join } from 'node:path'

const MODULE = 'ngx_stream_module.so'

/**
 * The line that loads nginx's TCP proxy, which distributions package apart; empty where it is built in. `about` is the
 * output of `nginx -V`. Throws when there is none.
 */
export const loadStreamLine = (about: string): string => {
  if (/--with-stream(?=\s|$)/.test(about)) return ''
  const valueOf = (flag: string): string | undefined => new RegExp(`--${flag}=(\\S+)`).exec(about)?.[1]
  const prefix = valueOf('prefix')
  const folders = [
    valueOf('modules-path'),
    prefix === undefined ? undefined : join(prefix, 'modules'),
    ...['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules'],
  ]
  const file = folders
    .flatMap((folder) => (folder === undefined ? [] : [join(folder, MODULE)]))
    .find((one) => existsSync(one))
  if (file === undefined) throw new Error('nginx has no stream module (Debian: libnginx-mod-stream)')
  return `load_module ${file};`
}
