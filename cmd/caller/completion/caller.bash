# Completion of caller for bash 4 and newer.

# Bash has a builtin of the same name, which tells where a function was called from. It is put away here, so that
# "caller" is the program; "builtin caller" is still there.
enable -n caller

_caller() {
  local -a answers
  mapfile -t answers < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "${answers[0]-}" = ":files" ]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "${2#=}")
    return
  fi
  COMPREPLY=("${answers[@]%%$'\t'*}")
}
complete -F _caller caller
