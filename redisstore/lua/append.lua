-- Appends a message or a notice to a room's log, or finds the entry that was posted under the same key. After log.lua.

if key then
  local reply = repeated()
  if reply then
    return reply
  end
end

local body = ARGV[4]
if target ~= '' then -- a reply gets its quote
  local _, element = find(log, target)
  if not element then
    return {'', NOT_FOUND}
  end
  local _, quoted = parts(element)
  if quoted.kind ~= 'message' then
    return {'', NOT_FOUND}
  elseif quoted.deleted then
    return {'', DELETED}
  end
  local own = cjson.decode(body)
  own.replyTo = {id = target, from = quoted.from}
  local begins = excerpt(quoted.text or '')
  if begins ~= '' then
    own.replyTo.excerpt = begins
  end
  body = cjson.encode(own)
end

local head, id, at, amended = number()
if not head then
  return redis.error_reply('CORRUPT ' .. id)
end
local element = head .. body

call('RPUSH', log, element)
call('LTRIM', log, '-' .. ARGV[5], '-1')
call('PEXPIRE', log, ARGV[7])
if amended then
  -- Amendments of what is no longer kept go with it.
  local oldest = id_of(call('LINDEX', log, 0))
  local first = call('LINDEX', amendments, 0)
  while first and id_of(first) < oldest do
    call('LPOP', amendments)
    first = call('LINDEX', amendments, 0)
  end
  call('PEXPIRE', amendments, ARGV[7])
end
remember(id, at)
call(ARGV[1], ARGV[2], 'A' .. element)
return {element, APPENDED}
