"""What both programs share: values, rules, tables and use cases. No vendor, no web framework."""
