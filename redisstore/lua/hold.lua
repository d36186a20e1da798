-- Takes or renews a node's leases for members, and announces who was not there. After roster.lua.
--
-- KEYS   7 the room's rules   8 its grants   9 when sessions first came: "ID TIME LAST"
-- ARGV   6 the node   7 the lease, ms   8 the roster keys' time to live, ms
--        9 the version of the rules by which they may be here, '' for a room nobody owns
--       10 the rules' time to live, ms   11 how many members there may be, 0 for any number
--       12 '1' when an owner is among them, else '0'
--       13 of how many sessions it is known when they first came
--       14… for each member: its id, who it is, its transport, '1' when it may come into a full room, '1' for a session
-- Reply {version, ms until the next lease runs out, records, the ids of those for whom there was no room}: a text in
-- place of the list is the rules' version, when that is another one; then nobody is held.
local node, lease, ttl, most = ARGV[6], tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[11])
local ends = int(now + lease)
local full = {}

local rules = redis.call('HGET', KEYS[7], 'version') or ''
if rules ~= ARGV[9] then
  local reply = finish()
  reply[4] = rules
  return reply
end
if rules ~= '' then
  redis.call('PEXPIRE', KEYS[7], ARGV[10])
  redis.call('PEXPIRE', KEYS[8], ARGV[10])
  redis.call('PEXPIRE', KEYS[9], ARGV[10])
  if ARGV[12] == '1' then
    redis.call('HSET', KEYS[7], 'ownerSeen', int(now))
  end
end

-- Forgets the tenth of the sessions that came in longest ago.
local function forget_arrivals(most)
  local all, came = redis.call('HGETALL', KEYS[9]), {}
  for i = 1, #all, 2 do
    came[#came + 1] = {all[i], tonumber(string.match(all[i + 1], ' (%d+)$')) or 0}
  end
  table.sort(came, function(a, b) return a[2] < b[2] end)
  for i = 1, math.ceil(most / 10) do
    redis.call('HDEL', KEYS[9], came[i][1])
  end
end

-- Notes when a session first came: after which entry, and at what time. Where it comes in again, only that it did.
local function arrive(id, comes)
  local first = redis.call('HGET', KEYS[9], id)
  if first and not comes then
    return
  end
  local since = first and string.match(first, '^(%S+ %d+) ')
  if not since then
    local last, seq = '0-0', 0
    for _, list in ipairs({log, amendments}) do
      local element = redis.call('LINDEX', list, -1)
      local at = element and string.match(element, '^(%d+)%-%x+ ')
      if at and tonumber(at) > seq then
        last, seq = string.match(element, '^(%S+) '), tonumber(at)
      end
    end
    since = last .. ' ' .. int(now)
  end
  redis.call('HSET', KEYS[9], id, since .. ' ' .. int(now))
  if not first then
    redis.call('PEXPIRE', KEYS[9], ARGV[10])
    if redis.call('HLEN', KEYS[9]) > tonumber(ARGV[13]) then
      forget_arrivals(tonumber(ARGV[13]))
    end
  end
end

local function hold(id, identity, transport, session)
  if redis.call('ZADD', leases, ends, node .. ':' .. id) == 1 then
    redis.call('HINCRBY', holds, id, 1)
  end

  local joined, was, came, lines
  local old = redis.call('HGET', members, id)
  if old then
    joined, was, came, lines = parts(old)
  end

  if rules ~= '' and session == '1' then
    arrive(id, not old)
  end
  if was ~= identity or came ~= transport then
    local record = whole(joined or int(now), identity, transport, lines or '')
    redis.call('HSET', members, id, record)
    if was ~= identity then
      local new = not old and tell
      if new and opening and redis.call('HLEN', members) == 1 then
        tell('o', 'o' .. int(v), '')
      end
      announce('J', record)
      if new then
        tell('j', 'j' .. int(v), record)
      end
    end
  end
end

for i = 14, #ARGV, 5 do
  local id = ARGV[i]
  if most > 0 and ARGV[i + 3] ~= '1' and redis.call('HEXISTS', members, id) == 0 and redis.call('HLEN', members) >= most then
    full[#full + 1] = id
  else
    hold(id, ARGV[i + 1], ARGV[i + 2], ARGV[i + 4])
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
local reply = finish()
reply[4] = full
return reply
