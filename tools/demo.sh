#!/bin/sh
# ./dev demo: the bundled model opened, converted, quantized, measured and run by the command that was just built.
set -eu
cd "$(dirname "$0")/.."
ingot=build/release/bin/ingot
model=models/tiny-bitnet
text=models/heldout/kjv.txt
out=build/demo
mkdir -p $out

# show ARGUMENT…: the command as one would type it, then what it prints.
show() {
  printf '\n$ ingot'
  for argument in "$@"; do
    case $argument in *' '*) printf ' "%s"' "$argument" ;; *) printf ' %s' "$argument" ;; esac
  done
  printf '\n'
  $ingot "$@"
}
field() { sed -n "s/^ *\"$1\": *\([^,]*\),*\$/\1/p"; } # of --json output, one field a line

show inspect $model
show convert $model $out/tiny-bf16.gguf --dtype bf16 --force
for type in q8_0 q4_0 tq2_0; do
  show quantize $model $out/tiny-$type.gguf --type $type --pure --force
done

printf '\n%-18s %10s %12s %11s %9s\n' file bytes bits/weight perplexity tokens/s
for path in $model/model.safetensors $out/tiny-bf16.gguf $out/tiny-q8_0.gguf $out/tiny-q4_0.gguf $out/tiny-tq2_0.gguf
do
  source=$path
  [ "$path" != $model/model.safetensors ] || source=$model
  bytes=$(wc -c <"$path")
  bits=$($ingot inspect "$source" | sed -n 's/.*, \([0-9.]*\) bits per element.*/\1/p')
  perplexity=$($ingot perplexity "$source" --text $text --json | field perplexity)
  rate=$($ingot run "$source" --prompt 'Once upon a time' -n 128 --temperature 0 --ignore-eos 2>&1 >/dev/null |
    sed -n 's/.*generated [0-9]* tokens, \([0-9.]*\) tokens\/s.*/\1/p')
  LC_ALL=C printf '%-18s %10d %12.2f %11.4f %9.0f\n' "$(basename "$source")" "$bytes" "$bits" "$perplexity" "$rate"
done
printf 'Perplexity on %s (never trained on), context 512; tokens/s of decoding.\n' $text

show run $out/tiny-tq2_0.gguf --prompt 'Once upon a time' -n 120 --temperature 0.7 --seed 1
