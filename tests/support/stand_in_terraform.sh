#!/bin/sh
# A terraform that costs next to nothing, for tests of many at once: it answers what tfevent and Terragrunt ask, and
# writes no state. Its every directory has one resource to create; with a file `fail` that fails, with `same` there is
# nothing to do, and with `slow` it takes as many seconds as stand in it.
created='"before":null,"after":{"input":"one"},"after_unknown":{"id":true},"before_sensitive":false,"after_sensitive":{}'
ends_with=0

case "$1" in
version | -version | --version) printf 'Terraform v1.11.4\non linux_amd64\n' ;;
fmt) for file in "$@"; do [ -f "$file" ] && echo 'a = 1' > "$file"; done ;;
init) mkdir -p .terraform ;;
state) echo '{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{},"resources":[]}' ;;
plan)
  action=create
  [ -e same ] && action=no-op
  for word in "$@"; do
    case "$word" in
    -out=*) echo $action > "${word#-out=}" ;;
    -detailed-exitcode) [ -e same ] || ends_with=2 ;;
    esac
  done
  echo 'Plan: 1 to add, 0 to change, 0 to destroy.' ;;
show)
  for action in "$@"; do :; done # the last word: the plan
  echo '{"format_version":"1.2","terraform_version":"1.11.4","planned_values":{"root_module":{}},"resource_changes":[{"address":"terraform_data.x","mode":"managed","type":"terraform_data","name":"x","provider_name":"terraform.io/builtin/terraform","change":{"actions":["'"$(cat "$action")"'"],'"$created"'}}],"configuration":{"root_module":{}},"complete":true,"errored":false,"applyable":true}' ;;
apply)
  if [ -e slow ]; then sleep "$(cat slow)"; fi
  [ -e same ] || echo 'terraform_data.x: Creating...'
  if [ -e fail ]; then
    printf '\nError: quota exceeded\n\n  with terraform_data.x,\n  on main.tf line 1, in resource "terraform_data" "x":\n\n' >&2
    exit 1
  fi
  [ -e same ] || echo 'terraform_data.x: Creation complete after 0s [id=1]'
  printf '\nApply complete! Resources: 1 added, 0 changed, 0 destroyed.\n' ;;
esac
exit $ends_with
