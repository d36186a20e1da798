-- Changes a room's rules, and with append.lua, which is put after it, appends the notice of it. After log.lua.
--
-- KEYS   4 the grants   5 the roster's members   6, 7, 8 the records: invites, tokens, reports   9 when sessions came
-- ARGV  14 ''                              15 the rules' new version, '' when nobody owns the room before and after
--       16 their time to live, ms          17 '1' when the log is emptied first, else '0'
--       18 '1' when the room is closed for good, else '0'
--       19 the only member that there may be, '-' for nobody, '' for whoever is there
--       20 how many of what follows are fields of the rules and their values
--       21 how many then are fields that go; the rest are the sessions that are let in no more
-- Reply as append.lua's; {'', APPENDED} of a room that is closed, which has no log any more.
local version, life, alone = ARGV[15], ARGV[16], ARGV[19]
local sets, gone = tonumber(ARGV[20]), tonumber(ARGV[21])

if alone ~= '' then
  local here = call('HLEN', KEYS[5])
  if alone == '-' and here > 0 or alone ~= '-' and (here ~= 1 or call('HEXISTS', KEYS[5], alone) == 0) then
    return {'', NOT_ALONE}
  end
end

if ARGV[17] == '1' then
  call('DEL', log, amendments)
  amended = nil
  if hooked ~= '' then -- what hooks have not been told yet is gone too: what was said, not who came and went
    for _, field in ipairs(call('HKEYS', KEYS[#KEYS - 2])) do
      if string.find(field, '^e:%d+%-') then
        call('HDEL', KEYS[#KEYS - 2], field)
      end
    end
  end
end
if ARGV[18] == '1' then
  if tell then
    tell('c', 'c' .. at .. 'x' .. ARGV[3], 'closed')
  end
  if hooked ~= '' then -- nobody needs secrets and failures for longer than there are dead letters
    call('PEXPIRE', KEYS[#KEYS - 2], 2592000000)
  end
  call('DEL', KEYS[3])
end
if ARGV[18] == '1' or alone ~= '' then -- whoever owns it next has nothing of what was before
  call('DEL', KEYS[4], KEYS[6], KEYS[7], KEYS[8], KEYS[9])
end

if version ~= '' then
  call('HSET', KEYS[3], 'version', version)
  for i = 22, 21 + sets, 2 do
    call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
  end
  for i = 22 + sets, 21 + sets + gone do
    call('HDEL', KEYS[3], ARGV[i])
  end
  for i = 22 + sets + gone, #ARGV do
    call('HDEL', KEYS[4], ARGV[i])
    call('HDEL', KEYS[9], ARGV[i])
  end
  call('PEXPIRE', KEYS[3], life)
  call(ARGV[1], ARGV[2], 'R' .. version)
end
if ARGV[4] == '' then -- there is nothing to be said
  return {'', APPENDED, told and 1 or 0}
end
