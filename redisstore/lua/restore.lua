-- Puts back what dump.lua has read, all of it or nothing, and tells those who are in the room.
--
-- KEYS   1 the log   2 the amendments   3 the rules   4… the other hashes
-- ARGV   1 PUBLISH or SPUBLISH      2 the room's channel
--        3 '1' to put it in place of what is there, else '0'
--        4 the id of the last entry, '' for none            5 the rules' version, '' for none
--        6 how many elements the log has      7 how many are amendments      8 the lists' time to live, ms
--        9 a notice by which the nodes see that they have to read the log
--       10… those elements; then for each hash how many fields and values follow, its time to live, ms, and these
-- Reply {status}. The statuses are those of dump.go.
local RESTORED, SAME, OCCUPIED = 0, 1, 2
local call = redis.call

local function last_of(list)
  local id, seq = string.match(call('LINDEX', list, -1) or '', '^((%d+)%-%x%x%x%x%x%x%x%x) ')
  return id or '', tonumber(seq or '0')
end

local id, seq = last_of(KEYS[1])
local amended, amended_seq = last_of(KEYS[2])
if amended_seq > seq then
  id = amended
end
local version = call('HGET', KEYS[3], 'version') or ''
if (id ~= '' or version ~= '') and ARGV[3] ~= '1' then
  if id == ARGV[4] and version == ARGV[5] then
    return {SAME}
  end
  return {OCCUPIED}
end

for i = 1, #KEYS do
  call('DEL', KEYS[i])
end
local at = 10
for i = 1, 2 do
  for _ = 1, tonumber(ARGV[5 + i]) do
    call('RPUSH', KEYS[i], ARGV[at])
    at = at + 1
  end
  if tonumber(ARGV[5 + i]) > 0 then
    call('PEXPIRE', KEYS[i], ARGV[8])
  end
end
for i = 3, #KEYS do
  local values, life = tonumber(ARGV[at]), ARGV[at + 1]
  at = at + 2
  for _ = 1, values, 2 do
    call('HSET', KEYS[i], ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  if values > 0 then
    call('PEXPIRE', KEYS[i], life)
  end
end

call(ARGV[1], ARGV[2], 'R' .. ARGV[5])
call(ARGV[1], ARGV[2], ARGV[9])
return {RESTORED}
