#compdef caller
# Completion of caller for zsh: source <(caller completion zsh), or as _caller in a directory of fpath.
_caller() {
  local line word
  local -a answers described
  answers=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "${answers[1]}" == ":files" ]]; then
    [[ "${words[CURRENT]}" == --*=* ]] && compset -P '*='
    _files
    return
  fi
  for line in "${answers[@]}"; do
    word="${line%%$'\t'*}"
    [[ -n "$word" ]] && described+=("${word//:/\\:}:${line#*$'\t'}")
  done
  _describe 'caller' described
}
if [[ "${funcstack[1]}" == _caller ]]; then
  _caller "$@"
else
  compdef _caller caller
fi
