/**
 * What a container engine does, without one: the files of the image as the whole of a read-only root, with the C library of
 * this system in the place of the base image's, and a user without any rights.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

/** As in the image, and in the Deployment that the controller makes. */
const USER = 1337

/** What comes behind its seven arguments is run; an empty `tmp` or `trace` is none. */
const START = `set -eu
root=$1 image=$2 config=$3 tmp=$4 user=$5 trace=$6 cwd=$7
shift 7
mount -t tmpfs -o mode=0755 none "$root"
for folder in usr/local opt config tmp proc dev etc; do mkdir -p "$root/$folder"; done
ldd "$image/usr/local/bin/node" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
bind() { mount --bind "$1" "$2"; mount -o remount,bind,ro "$2"; }
bind "$image/usr/local" "$root/usr/local"
bind "$image/opt" "$root/opt"
bind "$config" "$root/config"
if [ -n "$tmp" ]; then mount --bind "$tmp" "$root/tmp"; fi
for device in null urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t proc none "$root/proc"
mount -o remount,ro "$root"
set -- unshare --root "$root" --wd "$cwd" --setgid "$user" --setuid "$user" "$@"
if [ -n "$trace" ]; then set -- strace -f -qq -o "$trace" -e trace=%file "$@"; fi
# What an engine sets, and nothing that a shell of a developer has.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin setpriv --no-new-privs "$@"
`

export interface Container {
  /** The files of the image. */
  readonly image: string
  /** Mounted read-only at /config. */
  readonly config: string
  /** A folder that becomes /tmp, which can be written then. */
  readonly tmp?: string
  readonly user?: number
  /** Where it stands; default /. */
  readonly cwd?: string
  /** Where to write all that is asked of the file system. */
  readonly trace?: string
  /** What is run; default: the entry point of the image. */
  readonly entry?: readonly string[]
}

/** The command that becomes the program of the image. `folder` is one of its own; it stays empty to everybody else. */
export const containerCommand = (container: Container, folder: string): readonly string[] => {
  const { image, config, tmp = '', user = USER, trace = '', cwd = '/', entry = ['/usr/local/bin/fairway'] } = container
  const root = path.join(folder, 'root')
  mkdirSync(root, { recursive: true })
  return [
    'unshare',
    '--mount',
    'sh',
    '-c',
    START,
    'container',
    root,
    image,
    config,
    tmp,
    String(user),
    trace,
    cwd,
    ...entry,
  ]
}

/** Why there can be no container here; `undefined` when there can. */
export const whyNoContainer = (): string | undefined => {
  if (process.platform !== 'linux') return 'needs Linux'
  const script = 'mount -t tmpfs none /mnt && command -v ldd && exec setpriv --no-new-privs "$@"'
  const command = ['unshare', '--root', '/', '--wd', '/', '--setgid', String(USER), '--setuid', String(USER), 'true']
  const tried = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'container', ...command])
  return tried.status === 0 ? undefined : 'mounting file systems is not allowed here'
}

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program of the image to its end. */
export const runContainer = (container: Container, folder: string, args: readonly string[] = []): Outcome => {
  const [program = '', ...before] = containerCommand(container, folder)
  const { status, stdout, stderr } = spawnSync(program, [...before, ...args], { encoding: 'utf8', timeout: 120_000 })
  return { code: status, stdout, stderr }
}
