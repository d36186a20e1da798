-- Gives a node's leases up, at once or soon. After roster.lua.
--
-- ARGV  6 the node   7 after how long, ms; 0 is at once   8… the members' ids
local node, after = ARGV[6], tonumber(ARGV[7])
local ends = now + after
local shortened = false

for i = 8, #ARGV do
  local lease = node .. ':' .. ARGV[i]
  if after == 0 then
    if redis.call('ZREM', leases, lease) == 1 then
      drop(ARGV[i])
    end
  else
    local was = redis.call('ZSCORE', leases, lease)
    if was and tonumber(was) > ends then -- never lengthen
      redis.call('ZADD', leases, int(ends), lease)
      shortened = true
    end
  end
end

if shortened then
  redis.call(publish, channel, 'P' .. int(after))
end
return finish()
