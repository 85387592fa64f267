#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

#include "command.h"
#include "ingot/error.h"
#include "interrupt.h"
#include "terminal.h"

namespace ingot::cli {
namespace {

CLI::App& app(void* pointer) { return *static_cast<CLI::App*>(pointer); }

}  // namespace

void Args::positional(std::string& target, const char* name, const char* help) {
  app(app_).add_option(name, target, help)->required();
}
void Args::option(std::string& target, const char* names, const char* help) {
  app(app_).add_option(names, target, help)->capture_default_str();
}
void Args::text(std::string& target, bool& given, const char* names, const char* help) {
  app(app_).add_option(names, target, help)->each([&given](const std::string&) { given = true; });
}
void Args::option(std::int64_t& target, const char* names, const char* help) {
  app(app_).add_option(names, target, help)->capture_default_str();
}
void Args::option(double& target, const char* names, const char* help) {
  app(app_).add_option(names, target, help)->capture_default_str();
}
void Args::option(std::vector<std::string>& target, const char* names, const char* help) {
  app(app_).add_option(names, target, help)->allow_extra_args(false);
}
void Args::choice(std::string& target, const char* names, const char* help, const std::vector<std::string>& choices) {
  app(app_).add_option(names, target, help)->capture_default_str()->transform(CLI::IsMember(choices, CLI::ignore_case));
}
void Args::flag(bool& target, const char* names, const char* help) { app(app_).add_flag(names, target, help); }

int dispatch(int argc, char** argv, const std::vector<Command>& commands) {
  CLI::App root(
      "The weights of language models: opened, checked, converted, quantized and run.\n"
      "A MODEL is a file, a directory, or org/name in the Hugging Face cache.",
      "ingot");
  root.require_subcommand(1);
  root.footer(
      "ingot COMMAND --help shows a command's options and an example.\n"
      "Exit status: 0 done, 1 failed, 2 wrong usage.");
  std::function<int()> selected;
  for (const Command& command : commands) {
    CLI::App* sub = root.add_subcommand(command.name, command.summary);
    sub->footer(command.details);
    Args args(sub);
    sub->final_callback([&selected, run = command.setup(args)] { selected = run; });
  }
  try {
    root.parse(argc, argv);
    const int status = selected();
    // Text may have waited in the buffer until now, and a full disk or a closed descriptor shows only here.
    if (status == 0 && (std::fflush(stdout) != 0 || std::ferror(stdout))) {
      report_error("standard output cannot be written");
      return 1;
    }
    return status;
  } catch (const CLI::Success& help) {  // --help
    return root.exit(help);
  } catch (const CLI::ParseError& error) {
    root.exit(error);
    return 2;
  } catch (const Interrupted& interrupted) {
    // What stood half done is removed; the shell shall see what ended us.
    std::signal(interrupted.signal, SIG_DFL);
    std::raise(interrupted.signal);
    return 1;
  } catch (const UsageError& error) {
    report_error(error.message);
    return 2;
  } catch (const Error& error) {
    report_error(error.what());
    return 1;
  } catch (const std::bad_alloc&) {
    report_error("out of memory");
    return 1;
  } catch (const std::exception& error) {
    report_error(error.what());
    return 1;
  }
}

}  // namespace ingot::cli
