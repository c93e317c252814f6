locals {
  # Each path once, with its function. The load balancer does not distinguish
  # methods; the function does.
  paths = merge([
    for name, f in local.suite.functions : {
      for path in concat([for route in try(f.routes, []) : split(" ", route)[1]], try(f.pages, [])) : path => name...
    }
  ]...)

  # The order matters only if two templates with different functions match the same path,
  # and no two of these do. Some match a path such as runs/search, of one function.
  # {run} matches exactly one segment, and {tile...} one or more at the end.
  path_rules = [
    for i, path in sort(keys(local.paths)) : {
      priority = i + 1
      path     = path
      template = replace(replace(path, "...}", "=**}"), "/{([a-zA-Z]+)}/", "{$1=*}") # the load balancer writes {run} as {run=*}, and {tile...} as {tile=**}
      function = local.paths[path][0]
    }
  ]
}
