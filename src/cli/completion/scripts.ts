/** What shells read to complete `fairway`: each asks `fairway __complete`, and does with the answer what it is used to. */

/** Shells there are scripts for. */
export const shells = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof shells)[number]

/** The script for a shell, to be sourced, or put where the shell looks for such. */
export const scriptFor = (shell: Shell): string => scripts[shell]

/** For bash from 3.2 on; it needs nothing of bash-completion. Words that bash takes apart at = and : are put together. */
const bash = String.raw`# Completion of fairway for bash: source <(fairway completion bash)
_fairway() {
  COMPREPLY=()
  local rest="\${COMP_LINE:0:COMP_POINT}" line word next value i
  local -a words lines
  for ((i = 0; i <= COMP_CWORD; i++)); do
    next="\${COMP_WORDS[i]}"
    if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
      rest="\${rest#"\${rest%%[![:space:]]*}"}"
      words+=("")
    fi
    ((i == COMP_CWORD)) && next="$rest"
    words[\${#words[@]}-1]="\${words[\${#words[@]}-1]}$next"
    rest="\${rest#"$next"}"
  done
  local program="\${words[0]/#\~/$HOME}"
  type "$program" >/dev/null 2>&1 || return 0
  word="\${words[\${#words[@]}-1]}"
  while IFS= read -r line; do lines+=("$line"); done < <(command "$program" __complete "\${words[@]:1}" 2>/dev/null)
  ((\${#lines[@]} > 0)) || return 0
  local directive="\${lines[\${#lines[@]}-1]#:}" tab=$'\t' last="\${COMP_WORDBREAKS//[^=:]/}" before=""
  # What stands before the last = or : is a word of its own to bash, and stays as it is.
  [[ -n $last && $word == *[$last]* ]] && before="\${word%"\${word##*[$last]}"}"
  unset "lines[\${#lines[@]}-1]"
  for line in "\${lines[@]}"; do
    value="\${line%%"$tab"*}"
    value="\${value#"$before"}"
    # Names may be somebody else's: what a shell would act on is quoted.
    [[ $value == *[!A-Za-z0-9_./:=@%+,-]* ]] && printf -v value '%q' "$value"
    # A list is for reading: it has what each of them is, too.
    if ((\${#lines[@]} > 1)) && [[ $line == *"$tab"* && $COMP_TYPE =~ ^(33|63|64)$ ]]; then
      printf -v value '%-24s  %s' "$value" "\${line#*"$tab"}"
      value="\${value:0:\${COLUMNS:-80}-4}"
    fi
    COMPREPLY+=("$value")
  done
  local typed="\${word#"$before"}"
  if [[ $directive == 0 || $directive == 16 ]]; then
    compopt -o filenames 2>/dev/null
    local option=-f
    [[ $directive == 16 ]] && option=-d
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$option" -- "\${typed/#\~/$HOME}")
  fi
}
complete -o nosort -F _fairway fairway 2>/dev/null || complete -F _fairway fairway
`

const zsh = String.raw`#compdef fairway
# Completion of fairway for zsh: source <(fairway completion zsh), or as _fairway into a folder of $fpath
_fairway() {
  local -a lines candidates
  local line directive
  lines=("\${(@f)$(command \${(Q)words[1]} __complete "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  directive=\${lines[-1]#:}
  lines=("\${(@)lines[1,-2]}")
  for line in "\${lines[@]}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\t'*}//:/\\:}\${\${(M)line:#*$'\t'*}:+:\${line#*$'\t'}}")
  done
  ((\${#candidates})) && _describe -V -t values 'fairway' candidates
  if [[ $directive == (0|16) ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    if [[ $directive == 16 ]]; then _files -/; else _files; fi
  fi
}
if [[ $funcstack[1] == _fairway ]]; then _fairway "$@"; else compdef _fairway fairway; fi
`

const fish = String.raw`# Completion of fairway for fish: fairway completion fish | source
function __fairway_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l lines (command $words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string sub -s 2 -- $lines[-1])
    set -e lines[-1]
    test (count $lines) -gt 0; and printf '%s\n' $lines
    set -l prefix (string match -r -- '^--[^=]+=' $typed; or echo)
    set -l path (string replace -r -- '^--[^=]+=' '' $typed)
    switch $directive
        case 0
            printf '%s\n' $prefix(__fish_complete_path $path)
        case 16
            printf '%s\n' $prefix(__fish_complete_directories $path)
    end
end
complete -c fairway -f -a '(__fairway_complete)'
`

const unescape = (text: string): string => text.replaceAll('\\$', '$').replaceAll('\\`', '`')

const scripts: Readonly<Record<Shell, string>> = { bash: unescape(bash), zsh: unescape(zsh), fish }
