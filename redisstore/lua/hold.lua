-- Takes or renews a node's leases for members, and announces who was not there. After roster.lua.
--
-- ARGV  5 the node   6 the lease, ms   7 the roster keys' time to live, ms
--       8… for each member: its id, who it is, its transport
local node, lease, ttl = ARGV[5], tonumber(ARGV[6]), ARGV[7]
local ends = int(now + lease)

for i = 8, #ARGV, 3 do
  local id, identity, transport = ARGV[i], ARGV[i + 1], ARGV[i + 2]

  if redis.call('ZADD', leases, ends, node .. ':' .. id) == 1 then
    redis.call('HINCRBY', holds, id, 1)
  end

  local joined, was, came, lines
  local old = redis.call('HGET', members, id)
  if old then
    joined, was, came, lines = parts(old)
  end

  if was ~= identity or came ~= transport then
    local record = whole(joined or int(now), identity, transport, lines or '')
    redis.call('HSET', members, id, record)
    if was ~= identity then
      announce('J', record)
    end
  end
end

-- A log cut short when the room closed gets back what is left of its normal time.
if opening and changed and keep > 0 then
  local stored_at
  for _, list in ipairs({log, amendments}) do
    local last = redis.call('LINDEX', list, -1)
    local at = last and tonumber(string.match(last, '^%S+ %S+ (%d+) '))
    if at and (not stored_at or at > stored_at) then
      stored_at = at
    end
  end
  if stored_at then
    local left = int(math.max(1, stored_at + history - now))
    redis.call('PEXPIRE', log, left)
    redis.call('PEXPIRE', amendments, left)
  end
end

-- So that nothing is left when all nodes die.
redis.call('PEXPIRE', members, ttl)
redis.call('PEXPIRE', leases, ttl)
redis.call('PEXPIRE', holds, ttl)
redis.call('PEXPIRE', version, ttl)
return finish()
