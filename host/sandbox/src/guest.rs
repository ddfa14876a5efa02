//! Guests for tests, written by hand as WebAssembly text: each offers one tool whose body the test gives.

/// A guest to be made.
pub(crate) struct Guest {
    pub(crate) tool: &'static str,
    pub(crate) requires: &'static [&'static str],
    pub(crate) body: &'static str,
    /// Imports of the component, as text.
    pub(crate) imports: &'static str,
    /// What the inner component gets of them, and the functions it lowers.
    pub(crate) inner: &'static str,
    pub(crate) with: &'static str,
    /// Imports of the core module.
    pub(crate) core: &'static str,
    pub(crate) core_with: &'static str,
}

/// Gives its arguments back.
pub(crate) const ECHO: &str = "(call $ok (local.get 2) (local.get 3))";
/// Never ends.
pub(crate) const SPIN: &str = "(loop $again (br $again)) unreachable";
/// Takes memory until there is no more.
pub(crate) const EAT: &str = "(loop $again (drop (memory.grow (i32.const 16))) (br $again)) unreachable";
/// Calls itself without end.
pub(crate) const RECURSE: &str = "(call $down (i32.const 0))";
pub(crate) const TRAP: &str = "unreachable";
/// Answers with half a megabyte.
pub(crate) const HUGE: &str =
    "(drop (memory.grow (i32.const 8))) (call $fill) (call $ok (i32.const 65536) (i32.const 524288))";
/// Answers with 40 MB.
pub(crate) const HUGER: &str =
    "(drop (memory.grow (i32.const 640))) (call $fill) (call $ok (i32.const 65536) (i32.const 41943040))";
/// Takes 5 MB and answers.
pub(crate) const FIVE: &str = "(drop (memory.grow (i32.const 80))) (call $ok (i32.const 0) (i32.const 0))";
/// Appends its arguments to MEMORY.md and answers with what came of it.
pub(crate) const APPEND: &str =
    "(call $append (i32.const 512) (i32.const 9) (local.get 2) (local.get 3) (i32.const 640)) (call $pass)";
/// The same, and breaks down over a refusal.
pub(crate) const APPEND_OR_DIE: &str =
    "(call $append (i32.const 512) (i32.const 9) (local.get 2) (local.get 3) (i32.const 640))
    (if (i32.load8_u (i32.const 640)) (then unreachable)) (call $ok (i32.const 0) (i32.const 0))";
/// Calls what no host offers.
pub(crate) const TELEPORT: &str = "(call $teleport) (call $ok (i32.const 0) (i32.const 0))";

/// Writes a request, tries to send it, and fails with `MEMORY.md` where it was refused as a request is refused.
pub(crate) const REQUEST: &str =
    "(call $handle (call $request (call $fields)) (i32.const 0) (i32.const 0) (i32.const 640))
    (if (i32.eqz (i32.load8_u (i32.const 640))) (then unreachable))
    (if (i32.ne (i32.load8_u (i32.const 648)) (i32.const 15)) (then unreachable))
    (i32.store (i32.const 1024) (i32.const 1)) (i32.store (i32.const 1028) (i32.const 4))
    (i32.store (i32.const 1032) (i32.const 512)) (i32.store (i32.const 1036) (i32.const 9)) (i32.const 1024)";

/// As much of `wasi:http` as it takes to send a request.
macro_rules! http {
    ($more:literal) => {
        concat!(
            r#"(import "wasi:http/types@0.2.0" (instance $types
                 (export "fields" (type $fields (sub resource)))
                 (export "outgoing-request" (type $request (sub resource)))
                 (export "request-options" (type (sub resource)))
                 (export "future-incoming-response" (type (sub resource)))
                 (type $dns' (record (field "rcode" (option string)) (field "info-code" (option u16))))
                 (export "DNS-error-payload" (type $dns (eq $dns')))
                 (type $tls' (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
                 (export "TLS-alert-received-payload" (type $tls (eq $tls')))
                 (type $field' (record (field "field-name" (option string)) (field "field-size" (option u32))))
                 (export "field-size-payload" (type $field (eq $field')))
                 (type $e' (variant
                   (case "DNS-timeout") (case "DNS-error" $dns) (case "destination-not-found")
                   (case "destination-unavailable") (case "destination-IP-prohibited")
                   (case "destination-IP-unroutable") (case "connection-refused")
                   (case "connection-terminated") (case "connection-timeout")
                   (case "connection-read-timeout") (case "connection-write-timeout")
                   (case "connection-limit-reached") (case "TLS-protocol-error")
                   (case "TLS-certificate-error") (case "TLS-alert-received" $tls)
                   (case "HTTP-request-denied") (case "HTTP-request-length-required")
                   (case "HTTP-request-body-size" (option u64))
                   (case "HTTP-request-method-invalid") (case "HTTP-request-URI-invalid")
                   (case "HTTP-request-URI-too-long")
                   (case "HTTP-request-header-section-size" (option u32))
                   (case "HTTP-request-header-size" (option $field))
                   (case "HTTP-request-trailer-section-size" (option u32))
                   (case "HTTP-request-trailer-size" $field) (case "HTTP-response-incomplete")
                   (case "HTTP-response-header-section-size" (option u32))
                   (case "HTTP-response-header-size" $field)
                   (case "HTTP-response-body-size" (option u64))
                   (case "HTTP-response-trailer-section-size" (option u32))
                   (case "HTTP-response-trailer-size" $field)
                   (case "HTTP-response-transfer-coding" (option string))
                   (case "HTTP-response-content-coding" (option string))
                   (case "HTTP-response-timeout") (case "HTTP-upgrade-failed")
                   (case "HTTP-protocol-error") (case "loop-detected")
                   (case "configuration-error") (case "internal-error" (option string))))
                 (export "error-code" (type (eq $e')))
                 (export "[constructor]fields" (func (result (own $fields))))
                 (export "[constructor]outgoing-request"
                   (func (param "headers" (own $fields)) (result (own $request))))))
               (alias export $types "outgoing-request" (type $request))
               (alias export $types "request-options" (type $options))
               (alias export $types "future-incoming-response" (type $future))
               (alias export $types "error-code" (type $error))
               (import "wasi:http/outgoing-handler@0.2.0" (instance $handler
                 (alias outer 1 $request (type $r')) (export "outgoing-request" (type $r (eq $r')))
                 (alias outer 1 $options (type $o')) (export "request-options" (type $o (eq $o')))
                 (alias outer 1 $future (type $f')) (export "future-incoming-response" (type $f (eq $f')))
                 (alias outer 1 $error (type $e')) (export "error-code" (type $e (eq $e')))
                 (export "handle" (func (param "request" (own $r)) (param "options" (option (own $o)))
                   (result (result (own $f) (error $e)))))))"#,
            $more
        )
    };
}

const FAILURE: &str = r#"(variant (case "invalid" string) (case "denied" string) (case "not-found" string)
    (case "unavailable" string) (case "failed" string))"#;

impl Guest {
    pub(crate) fn new(tool: &'static str, body: &'static str) -> Self {
        let (requires, imports, inner, with, core, core_with): (&[_], _, _, _, _, _) = match body {
            APPEND | APPEND_OR_DIE => (
                &["memory"],
                r#"(import "steward:plugin/types@0.1.0" (instance $types
                     (type $f' FAILURE) (export "failure" (type $f (eq $f')))))
                   (alias export $types "failure" (type $failed))
                   (import "steward:plugin/memory@0.1.0" (instance $memory
                     (alias outer 1 $failed (type $f')) (export "failure" (type $f (eq $f')))
                     (export "append" (func (param "path" string) (param "text" string) (result (result (error $f)))))))"#,
                r#"(import "host" (instance $memory
                     (type $f' FAILURE) (export "failure" (type $f (eq $f')))
                     (export "append" (func (param "path" string) (param "text" string) (result (result (error $f)))))))
                   (core func $append (canon lower (func $memory "append") (memory $mem) (realloc $realloc)))"#,
                r#"(with "host" (instance $memory))"#,
                r#"(import "host" "append" (func $append (param i32 i32 i32 i32 i32)))"#,
                r#"(with "host" (instance (export "append" (func $append))))"#,
            ),
            REQUEST => (
                &[],
                http!(""),
                http!(
                    r#"(core func $fields (canon lower (func $types "[constructor]fields")))
                       (core func $new (canon lower (func $types "[constructor]outgoing-request")))
                       (core func $handle (canon lower (func $handler "handle") (memory $mem) (realloc $realloc)))"#
                ),
                r#"(with "wasi:http/types@0.2.0" (instance $types))
                   (with "wasi:http/outgoing-handler@0.2.0" (instance $handler))"#,
                r#"(import "host" "fields" (func $fields (result i32)))
                   (import "host" "request" (func $request (param i32) (result i32)))
                   (import "host" "handle" (func $handle (param i32 i32 i32 i32)))"#,
                r#"(with "host" (instance (export "fields" (func $fields)) (export "request" (func $new))
                     (export "handle" (func $handle))))"#,
            ),
            TELEPORT => (
                &[],
                r#"(import "acme:rocket/launch@1.0.0" (instance $rocket (export "go" (func))))"#,
                r#"(import "host" (instance $rocket (export "go" (func))))
                   (core func $go (canon lower (func $rocket "go")))"#,
                r#"(with "host" (instance $rocket))"#,
                r#"(import "host" "go" (func $teleport))"#,
                r#"(with "host" (instance (export "go" (func $go))))"#,
            ),
            _ => (&[], "", "", "", "", ""),
        };
        Self { tool, requires, body, imports, inner, with, core, core_with }
    }

    pub(crate) fn wasm(&self) -> Vec<u8> {
        wat::parse_str(self.text()).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        let (imports, inner, with) = (self.imports, self.inner, self.with);
        let (specs, core) = (self.specs(), self.module());
        let core_with = self.core_with;
        format!(
            r#"(component
              {imports}
              (component $plugin
                (core module $libc
                  (memory (export "memory") 3)
                  (global $next (mut i32) (i32.const 4096))
                  (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                    (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                    (global.set $next (i32.add (local.get $at) (local.get 3)))
                    (local.get $at))
                  {specs})
                (core instance $libc (instantiate $libc))
                (alias core export $libc "memory" (core memory $mem))
                (alias core export $libc "realloc" (core func $realloc))
                {inner}
                {core}
                (core instance $main (instantiate $main (with "libc" (instance $libc)) {core_with}))
                (type $effect' (enum "read" "write" "send" "destructive"))
                (export $effect "effect" (type $effect'))
                (type $spec' (record (field "name" string) (field "description" string) (field "input-schema" string)
                  (field "requires" (list string)) (field "effect" $effect)))
                (export $spec "spec" (type $spec'))
                (type $failure' FAILURE)
                (export $failure "failure" (type $failure'))
                (type $attachment' (record (field "name" string) (field "mime" string) (field "data" (list u8))))
                (export $attachment "attachment" (type $attachment'))
                (type $output' (record (field "text" string) (field "structured" (option string))
                  (field "attachments" (list $attachment))))
                (export $output "output" (type $output'))
                (func (export "specs") (result (list $spec))
                  (canon lift (core func $main "specs") (memory $mem) (realloc $realloc)))
                (func (export "call") (param "name" string) (param "input" string)
                  (result (result $output (error $failure)))
                  (canon lift (core func $main "call") (memory $mem) (realloc $realloc))))
              (instance $tool (instantiate $plugin {with}))
              (export "steward:plugin/tool@0.1.0" (instance $tool)))"#
        )
        .replace("FAILURE", FAILURE)
    }

    /// The list of one spec at 16, its strings from 256 on; `MEMORY.md` at 512.
    fn specs(&self) -> String {
        let mut strings = String::new();
        let mut place = |text: &str| {
            let at = 256 + strings.len() as u32;
            strings.push_str(text);
            [at, text.len() as u32]
        };
        let mut words = vec![32, 1, 0, 0];
        words.extend([place(self.tool), place("Does what a test wants."), place(r#"{"type":"object"}"#)].concat());
        let required: Vec<u32> = self.requires.iter().flat_map(|one| place(one)).collect();
        words.extend([96, self.requires.len() as u32, 1]);
        words.resize(20, 0);
        words.extend(required);
        let bytes: String =
            words.iter().flat_map(|word| word.to_le_bytes()).map(|byte| format!("\\{byte:02x}")).collect();
        let strings = strings.replace('"', "\\22");
        format!(
            r#"(data (i32.const 16) "{bytes}") (data (i32.const 256) "{strings}") (data (i32.const 512) "MEMORY.md")"#
        )
    }

    fn module(&self) -> String {
        let (core, body) = (self.core, self.body);
        format!(
            r#"(core module $main
              (import "libc" "memory" (memory 1))
              {core}
              (func (export "specs") (result i32) (i32.const 16))
              (func $ok (param $text i32) (param $length i32) (result i32)
                (i32.store (i32.const 1024) (i32.const 0))
                (i32.store (i32.const 1028) (local.get $text))
                (i32.store (i32.const 1032) (local.get $length))
                (i32.store (i32.const 1036) (i32.const 0))
                (i64.store (i32.const 1040) (i64.const 0))
                (i64.store (i32.const 1048) (i64.const 0))
                (i32.const 1024))
              (func $pass (result i32)
                (if (result i32) (i32.load8_u (i32.const 640))
                  (then
                    (i32.store (i32.const 1024) (i32.const 1))
                    (memory.copy (i32.const 1028) (i32.const 644) (i32.const 12))
                    (i32.const 1024))
                  (else (call $ok (i32.const 0) (i32.const 0)))))
              (func $fill (memory.fill (i32.const 65536) (i32.const 97)
                (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 65536))))
              (func $down (param i32) (result i32)
                (i32.add (call $down (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
              (func (export "call") (param i32 i32 i32 i32) (result i32) {body}))"#
        )
    }
}

/// The manifest of a test's plugin.
pub(crate) fn manifest(name: &str, rest: &str) -> String {
    format!("name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"A plugin of a test.\"\n{rest}")
}
