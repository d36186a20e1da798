# In bash, "caller" is also a builtin, which would do nothing in place of the program, without a word. It is put away
# in shells that people log in to; bash scripts read nothing of this, and write "env caller".
if [ -n "${BASH_VERSION-}" ]; then
    enable -n caller 2>/dev/null || :
fi
