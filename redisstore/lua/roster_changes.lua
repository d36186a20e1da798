-- How a roster changes: what follows outbox.lua in the scripts that begin with roster.lua.
local function announce(letter, record)
  v = v + 1
  changed = true
  redis.call(publish, channel, letter .. int(v) .. ' ' .. record)
end

-- A member's record in parts: "JOINED IDENTITY", its transport on the next line, and a line "KEY VALUE" for each of its
-- attributes, which are the last part, each after its line break. Nothing for what is no record.
local function parts(record)
  local joined, identity, rest = string.match(record, '^(%d+) ([^\n]*)\n(.*)$')
  if not joined then
    return
  end
  local transport, lines = string.match(rest, '^([^\n]*)(.*)$')
  return joined, identity, transport, lines
end

local function whole(joined, identity, transport, lines)
  return joined .. ' ' .. identity .. '\n' .. transport .. lines
end

-- One of the member's leases has gone; with the last one the member has.
local function drop(id)
  if redis.call('HINCRBY', holds, id, -1) > 0 then
    return
  end
  redis.call('HDEL', holds, id)
  local record = redis.call('HGET', members, id)
  if record then
    redis.call('HDEL', members, id)
    announce('L', record)
    if tell then
      tell('l', 'l' .. int(v), record)
    end
    local _, _, _, lines = parts(record)
    if lines and lines ~= '' then
      removed[#removed + 1] = record
    end
  end
end

-- Closes the room if somebody has just left and nobody is there now.
local function close()
  if not changed or redis.call('HLEN', members) > 0 then
    return
  end
  if tell then
    tell('c', 'c' .. int(v), 'empty')
  end
  redis.call('DEL', members, leases, holds, version)
  if keep == 0 then
    redis.call('DEL', log, amendments)
  elseif keep > 0 and redis.call('PTTL', log) > keep then
    redis.call('PEXPIRE', log, int(keep))
    redis.call('PEXPIRE', amendments, int(keep))
  end
  v, opening, changed = math.max(v, micros), true, false
end

-- Takes out those whose leases have lapsed. A lease's member begins after the node's 16 digits and a colon.
local function sweep()
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', int(now))) do
    redis.call('ZREM', leases, lease)
    drop(string.sub(lease, 18))
  end
  close()
end

local function finish()
  close()
  local ttl = redis.call('PTTL', members)
  if ttl == -2 then
    return {'0', '0', removed, '', told and '1' or '0'}
  end
  if changed then
    if ttl > 0 then
      redis.call('SET', version, int(v), 'PX', int(ttl))
    else
      redis.call('SET', version, int(v))
    end
  end
  local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
  local lapse = 0
  if first[2] then
    lapse = math.max(1, math.ceil(tonumber(first[2]) - now))
  end
  return {int(v), int(lapse), removed, '', told and '1' or '0'}
end

sweep()
